"""The files of TLS to an ERP: the authorities that it is known by, and our certificate with its key."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from app.config.secret import SecretRef


def _in_a_file(reference: SecretRef) -> SecretRef:
    if reference.path is None:
        raise ValueError("must be a PEM file by reference: write file:/path")
    return reference


FileRef = Annotated[SecretRef, AfterValidator(_in_a_file)]

#: Without one OpenSSL would ask for it at the terminal.
_NO_PASSWORD = b""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Without any: the authorities of the system, and no certificate of ours."""

    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    @property
    def present(self) -> tuple[Path, ...]:
        return tuple(filter(None, (self.ca_file, self.client_certificate, self.client_key)))

    def context(self, system: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """It verifies always; ValueError begins with the setting whose file is wrong."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else system()
        except OSError as error:
            raise ValueError(f"ca_file: no PEM certificates can be read from it ({_why(error)})") from error
        if self.client_certificate and self.client_key:
            try:
                context.load_cert_chain(self.client_certificate, self.client_key, password=_NO_PASSWORD)
            except OSError as error:
                raise ValueError(
                    f"client_certificate: it and client_key are no pair in PEM, or the key has a password"
                    f" ({_why(error)})"
                ) from error
        return context


SYSTEM = TlsFiles()


def _why(error: OSError) -> str:
    return error.reason if isinstance(error, ssl.SSLError) and error.reason else str(error.strerror)
