"""JSON as VTEX speaks it, with numbers kept as decimals, and the refusal of a request."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Record = dict[str, Any]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass
class RefusedError(Exception):
    """A request that the store answers with an error; the body is text, JSON or nothing."""

    status: int
    body: str | Record | None = None
    code: str = ""

    def response(self) -> Response:
        if isinstance(self.body, dict):
            return Json(self.body, status_code=self.status)
        return Response(self.body, status_code=self.status, media_type="text/plain" if self.body else None)

    def __str__(self) -> str:
        return str(self.body or f"refused with {self.status}")


class Json(Response):
    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return _ENCODER.encode(content)


def oms_error(status: int, code: str, message: str) -> RefusedError:
    """The only error envelope that VTEX documents, and only for the OMS (VTEX Orders API)."""
    return RefusedError(status, {"error": {"code": code, "message": message, "exception": None}}, code)


def decode(raw: bytes) -> object:
    """Decode JSON with every fraction as a Decimal; anything else is a bad request."""
    try:
        decoded: object = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(400, "The request body is not JSON") from error
    return decoded


async def read_object(request: Request) -> Record:
    body = decode(await request.body())
    if not isinstance(body, dict):
        raise RefusedError(400, "The request body must be a JSON object")
    return body


async def read_array(request: Request) -> list[object]:
    body = decode(await request.body())
    if not isinstance(body, list):
        raise RefusedError(400, "The request body must be a JSON array")
    return body


def is_integer(value: object) -> TypeGuard[int]:
    """An int32 as VTEX ids and quantities are; a JSON boolean is no number."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def is_number(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def query_integer(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal():
        raise RefusedError(400, f"{name} must be a positive integer")
    return int(text)
