"""Names that lead where a test says."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def dns(*answers: list[str]) -> Iterator[None]:
    """A name server whose answer to each further question is the next one of these, for names in .test."""
    asked, real = list(answers), socket.getaddrinfo

    def resolved(host: str, port: int, *rest: object, **more: object) -> object:
        if not str(host).endswith(".test"):
            return real(host, port, *rest, **more)  # type: ignore[arg-type]
        answer = asked.pop(0) if len(asked) > 1 else asked[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answer]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolved)
        yield
