"""The REST codec: JSON with exact decimals, VTEX's key headers, answers judged by the one table."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from app.config import VtexSettings
from app.errors import Refused, Retry
from app.http.answer import Answer
from app.http.door import Outgoing, Sender
from app.vtex.answers import judge
from app.vtex.credentials import app_key_and_token

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    #: The parsed JSON; None for an empty body, a string for plain text.
    body: Any
    #: For people: what was asked.
    where: str = "VTEX"

    def record(self) -> dict[str, Any] | None:
        """The JSON object; None for 404 and for null. Anything else must not pass for "there is none"."""
        return self._typed(dict)

    def listed(self) -> list[Any] | None:
        """The JSON array; None for 404 and for null."""
        return self._typed(list)

    def _typed(self, kind: type[T]) -> T | None:
        if self.status == HTTPStatus.NOT_FOUND or self.body is None:
            return None
        if not isinstance(self.body, kind):
            raise Retry(f"{self.where} answered {self.status} with something else than was asked for")
        return self.body


def path(template: str, **values: str | int) -> str:
    """Fill a path template; each value is one segment, whatever it holds; dots alone are Refused."""
    if dots := [str(value) for value in values.values() if str(value) in {".", ".."}]:
        raise Refused(f"{dots[0]!r} is no name that VTEX's addresses can hold; correct it in the ERP")
    return template.format(**{name: quote(str(value), safe="") for name, value in values.items()})


class Rest:
    def __init__(self, door: Sender, connection: str, settings: VtexSettings, section: str = "vtex") -> None:
        self._door = door
        self._connection = connection
        self._settings = settings
        #: Where in the configuration its keys stand.
        self._section = section

    async def call(
        self,
        api: str,
        operation: str,
        method: str,
        address: str,
        *,
        json: Any = None,
        query: Mapping[str, str | int] | None = None,
        expected: Container[int] = (),
    ) -> Reply:
        """`expected` statuses are returned, not raised: the caller knows what they mean there."""
        key, token = app_key_and_token(self._settings)
        headers = {"X-VTEX-API-AppKey": key, "X-VTEX-API-AppToken": token, "Accept": "application/json"}
        # VTEX declares Content-Type as required on nearly every operation, also without a body.
        headers["Content-Type"] = "application/json"

        def judging(answer: Answer) -> None:
            if answer.status_code not in expected:
                judge(answer, api=api, operation=operation, section=self._section)

        answer = await self._door.send(
            Outgoing(
                connection=self._connection,
                api=api,
                operation=operation,
                method=method,
                url=address + (f"?{urlencode(query)}" if query else ""),
                headers=headers,
                content=None if json is None else _encode(json),
                timeout_seconds=self._settings.timeout_seconds,
                secrets=(key, token),
                judge=judging,
            )
        )
        where = f"VTEX {api} ({operation})"
        return Reply(answer.status_code, self._parsed(answer.content, where), where)

    @staticmethod
    def _parsed(content: bytes, where: str) -> Any:
        if not content.strip():
            return None
        try:
            return _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if content.lstrip()[:1] in b"{[":
                raise Retry(f"{where} sent broken JSON", unknown_outcome=True) from None
            return content.decode("utf-8", "replace")
