"""VTEX's order modifications (v2): preview, request, history; what each of its error codes means.

Money is in integer cents. The codes and their texts are those of VTEX's guide on order modifications.
"""

import re
from typing import Any, NoReturn

from app.config import VtexSettings
from app.errors import Forbidden, Refused, Retry
from app.vtex.rest import Reply, Rest, path

_NOT_FOUND = 404
#: Refusals carry a code; the status is not documented.
_REFUSED = frozenset({400, _NOT_FOUND, 405, 409, 412, 422})
_CODE = re.compile(r"\b(?:CHK|SalesOrderSystem)\d+\b")
#: They pass by themselves.
_PASSING = {
    "SalesOrderSystem014": "VTEX works on another change of this order; this one follows it",
    "SalesOrderSystem018": "VTEX could not reach a part of itself",
    "SalesOrderSystem019": "VTEX's settings of order changes are just being written",
}
_ITEMS = "check the items and quantities that it takes out against the order"
_LOGISTICS = "change this order in VTEX's admin, where its delivery can be chosen"
_STATUS = (
    "VTEX changes an order while it is handling, waiting-for-fulfillment or ready-for-invoicing, not after"
)
_NO_ADDRESS = "the bridge changes no addresses; do it in VTEX's admin"
_FIXES = {
    "CHK0022": "check the SKUs that it puts in: VTEX does not sell one of them",
    "CHK0023": "every quantity must be 1 or more",
    "CHK0034": "it takes off as much as the whole order; cancel the order instead",
    "CHK0095": "VTEX changes no order that came through a chain of sellers; change it where it was placed",
    "CHK0096": "its payment was settled outside VTEX; refund the difference there",
    "CHK0098": "prices must not be negative",
    "CHK0124": _STATUS,
    "CHK0196": "VTEX finds no payment of the order; look at it in VTEX's admin",
    "CHK0199": "check the order id",
    "CHK0201": "check the order id",
    "CHK0229": "VTEX has no workflow of this order; ask VTEX's support",
    "CHK0289": "VTEX lost the change; send it again under a new id",
    "CHK00342": "its payment method cannot take more; keep the total, or sell the difference as an"
    " order of its own",
    "SalesOrderSystem008": "the order is canceled",
    "SalesOrderSystem010": _ITEMS,
    "SalesOrderSystem011": _ITEMS,
    "SalesOrderSystem012": _LOGISTICS,
    "SalesOrderSystem013": _LOGISTICS,
    "SalesOrderSystem015": "it was changed by VTEX's old API before, which rules out this one; change it in"
    " VTEX's admin",
    "SalesOrderSystem017": "VTEX gave it up after several tries of its own; send it again under a new id",
    "SalesOrderSystem026": "the SKU is on several lines of the order, and VTEX cannot tell which is meant;"
    " change it in VTEX's admin",
    "SalesOrderSystem027": "the account has no settings of order changes; open them in VTEX's admin",
    "SalesOrderSystem029": "it goes to several addresses: there VTEX changes quantities, and puts in no"
    " other SKU",
    "SalesOrderSystem045": _NO_ADDRESS,
    "SalesOrderSystem046": "VTEX changes no order after an invoice; send the return of what was invoiced (an"
    " invoice of type input)",
    "SalesOrderSystem047": _NO_ADDRESS,
    "SalesOrderSystem048": _NO_ADDRESS,
    "SalesOrderSystem051": "the account's tax hub rules it out for orders from several docks",
    "SalesOrderSystem055": "the new SKU is sold in another unit than the old one",
}
_SWITCHED_OFF = (
    "order modifications by API are switched off in this VTEX account: set"
    " rolloutConfiguration.enableApi to true in its settings of order modifications, then replay"
)


class OrderChanges:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base + "/api/order-system/orders"
        self._account = {"an": settings.account}
        #: The request itself names the account by another word.
        self._account_name = {"accountName": settings.account}

    async def preview(self, order_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the change would do; Refused in words where VTEX would not do it."""
        reply = await self._write(
            "preview order change", "POST", self._of(order_id) + "/preview", body, self._account
        )
        return reply.record() or {}

    async def request(self, order_id: str, body: dict[str, Any]) -> str:
        """VTEX's id of the request; what comes of it is seen later."""
        reply = await self._write("change order", "PATCH", self._of(order_id), body, self._account_name)
        return str((reply.record() or {}).get("requestId") or "")

    async def history(self, order_id: str) -> list[dict[str, Any]]:
        """The requests that VTEX took, without what came of them."""
        reply = await self._rest.call(
            "orders",
            "read order changes",
            "GET",
            self._of(order_id),
            query=self._account,
            expected={_NOT_FOUND},
        )
        return [each for each in (reply.record() or {}).get("requests") or [] if each]

    async def details(self, order_id: str, request_id: str) -> dict[str, Any]:
        """With its status; empty where VTEX does not show it yet."""
        address = self._of(order_id) + path("/{request}", request=request_id)
        reply = await self._rest.call(
            "orders", "read order change", "GET", address, query=self._account, expected={_NOT_FOUND}
        )
        return reply.record() or {}

    async def _write(
        self, operation: str, method: str, address: str, body: dict[str, Any], query: dict[str, str]
    ) -> Reply:
        try:
            reply = await self._rest.call(
                "orders", operation, method, address, json=body, query=query, expected=_REFUSED
            )
        except Forbidden:
            if await self._is_switched_off():
                raise Refused(_SWITCHED_OFF) from None
            raise
        if reply.status in _REFUSED:
            if await self._is_switched_off():
                raise Refused(_SWITCHED_OFF)
            _refuse(reply)
        return reply

    async def _is_switched_off(self) -> bool:
        """How VTEX refuses then is not documented; its settings tell."""
        reply = await self._rest.call(
            "orders",
            "read order change settings",
            "GET",
            self._base + "/changes/settings",
            query=self._account,
            expected={*_REFUSED, 403},
        )
        settings = reply.body if isinstance(reply.body, dict) else {}
        return (settings.get("rolloutConfiguration") or {}).get("enableApi") is False

    def _of(self, order_id: str) -> str:
        return self._base + path("/{order}/changes", order=order_id)


def _refuse(reply: Reply) -> NoReturn:
    found = _CODE.search(str(reply.body))
    code = found[0] if found else ""
    if code in _PASSING:
        raise Retry(f"{_PASSING[code]} ({code})")
    said = _said(reply.body)
    if code in _FIXES:
        raise Refused(f"VTEX does not make this change: {said or code} ({code}). {_capital(_FIXES[code])}")
    raise Refused(f"VTEX refuses this change with {reply.status}: {said or 'no explanation was given'}")


def _said(body: Any) -> str:
    error = body.get("error") or body if isinstance(body, dict) else body
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "").rstrip(". ")[:500]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
