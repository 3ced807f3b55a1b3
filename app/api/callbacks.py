"""What the bridge posts to the ERP, as the OpenAPI's `webhooks` have it."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.changes.outcomes import OutcomeCallback
from app.erp.callback import Ping
from app.orders.document import OrderCallback

_HEADERS = {
    "webhook-id": "The same at each repetition. Keep it, and answer 2xx or 409 to one you know.",
    "webhook-timestamp": "When this try was made, in Unix seconds. Refuse one that is minutes off.",
    "webhook-signature": (
        "Standard Webhooks: `v1,` and the base64 of the HMAC-SHA256 of"
        " `{webhook-id}.{webhook-timestamp}.{body as received}`. While a secret is rotated there are two,"
        " separated by a blank: accept it if one of them verifies."
    ),
}
_AGAIN = "It is told again in the same words, later and later; operators see why."
_ANSWERS: dict[int | str, dict[str, Any]] = {
    "401": {
        "description": "Or 403: the signature was refused. All callbacks rest until it is accepted again."
    },
    "404": {"description": f"Or 405, 408, 421, 425: nobody is there now. {_AGAIN}"},
    "409": {"description": "The ERP has it already: this is a yes, and may say `erp_order_ref` too."},
    "410": {"description": "The ERP wants no more callbacks. This one fails until a person replays it."},
    "429": {"description": "Not now: nothing is told before the time in Retry-After has passed. 503 alike."},
    "4XX": {"description": "What is told is wrong, or too large (413). It fails until a person replays it."},
    "5XX": {"description": f"{_AGAIN} So it is where no answer comes in time."},
}

_ANSWERS_TO_PING: dict[int | str, dict[str, Any]] = {
    "401": {"description": "Or 403: the signature was refused."},
    "4XX": {"description": "Way and signature are taken to be right; 404, 405 and 410 are a wrong address."},
}


class OrderTaken(BaseModel):
    """Any 2xx will do, with a body or without one."""

    erp_order_ref: str | None = Field(
        default=None,
        description="The ERP's own number of the order.",
        max_length=255,
        examples=["PED-000001"],
    )


async def _told(_body: OrderCallback) -> OrderTaken:
    """Posted to the connection's `erp.callback_url` once for each status that is to be told.

    Only after a 2xx (or 409) VTEX hears that handling has started.
    """
    raise NotImplementedError  # it stands for the OpenAPI: the ERP answers it


async def _ended(_body: OutcomeCallback) -> None:
    """Posted to `erp.callback_url` once for each change that ends, where `erp.report_outcomes = true`.

    What a newer change of the same entity answers for is not told by itself.
    """
    raise NotImplementedError  # as above


async def _pinged(_body: Ping) -> None:
    """Posted when an operator runs `bridge doctor --send-test`, signed like an order, told once.

    Answer 2xx if the signature is right, 401 if it is not, and do nothing else.
    """
    raise NotImplementedError  # as above


_CALLBACKS = (
    ("change", _ended, "A change that you posted has ended", "The ERP has taken note; any 2xx will do."),
    ("order", _told, "An order has come to a status", "The ERP has stored the order."),
    ("ping", _pinged, "A test of the way and the signature", "The signature is right."),
)


def router() -> APIRouter:
    routes = APIRouter(tags=["callbacks"])
    signed = {"parameters": [_header(*each) for each in _HEADERS.items()], "security": []}
    for name, posted, summary, taken in _CALLBACKS:
        routes.post(
            name,
            name=name,
            summary=summary,
            response_description=taken,
            responses=_ANSWERS_TO_PING if name == "ping" else _ANSWERS,
            openapi_extra=signed,
        )(posted)
    return routes


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": True, "description": description, "schema": schema}
