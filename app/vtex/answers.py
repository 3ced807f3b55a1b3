"""The one error table: what each of VTEX's answers means for the attempt.

| answer | means |
|---|---|
| 2xx | done |
| 401 | unauthorized: the keys; nothing of this account works |
| 403 | forbidden: the key lacks this operation's resource |
| 429 | throttled: not processed, Retry-After is a floor |
| 503 | throttled: VTEX's own breaker is open, or maintenance |
| 423 | retry: Logistics dropped this of two near-simultaneous writes |
| 408, 500, 502, 504, other 5xx | retry: the outcome is unknown |
| 3xx, other 4xx | refused: the same again cannot help |
"""

import json
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus

from app.errors import Forbidden, Refused, Retry, Throttled, Unauthorized
from app.http.answer import Answer

#: Where VTEX names no time: its guides ask for a minute at OMS.
_DEFAULT_PAUSE = {"orders": timedelta(minutes=1)}
_SHORT_PAUSE = timedelta(seconds=2)
_FORBIDDEN_PAUSE = timedelta(minutes=5)
#: License Manager's resource for each API, and for the operations that have another (VTEX's OpenAPI files).
_RESOURCES = {
    "catalog": "Product and SKU Management, Product management and SKUs",
    "pricing": "Read prices and Modify prices",
    "logistics": "Logistics full access",
    "orders": "Orders Full Access",
    "payments": "View Payment Data",
    "webservice": "WebService (an access profile)",
}
_BRANDS = "Brands Management and Brand Management"
_CATEGORIES = "Categories Management and Category"
_GROUPS = "Groups"
_FIELDS = "SKU management"
_OF_PRODUCTS = "Product and SKU Management, Product management"
_VERBS = ("read", "create", "update", "remove")
_RESOURCES_OF_OPERATIONS = {
    ("orders", "read order"): "View order",
    ("orders", "list orders"): "List Orders",
    ("orders", "start handling"): "Change order workflow status",
    ("orders", "invoice"): "Notify invoice",
    ("orders", "track invoice"): "Notify invoice",
    ("orders", "update tracking status"): "Notify invoice",
    ("orders", "cancel order"): "Cancel order",
    ("orders", "deny cancellation"): "Cancel order",
    ("orders", "preview order change"): "Change order",
    ("orders", "change order"): "Change order",
    ("orders", "read order changes"): "Change order",
    ("orders", "read order change"): "Change order",
    ("orders", "read order change settings"): "View order",
    ("orders", "read feed configuration"): "Feed v3 and Hook Admin",
    ("orders", "configure feed"): "Feed v3 and Hook Admin",
    ("orders", "read feed"): "Feed v3 and Hook Admin",
    ("orders", "commit feed"): "Feed v3 and Hook Admin",
    ("orders", "read hook configuration"): "Feed v3 and Hook Admin",
    ("orders", "configure hook"): "Feed v3 and Hook Admin",
    ("pricing", "delete price"): "Delete all prices from account",
    ("catalog", "list sku ids"): "SKUs",
    ("catalog", "list trade policies"): "View Product",
    ("catalog", "list brand names"): _BRANDS,
    ("catalog", "read brand"): _BRANDS,
    ("catalog", "create brand"): _BRANDS,
    ("catalog", "update brand"): _BRANDS,
    ("catalog", "list category names"): _CATEGORIES,
    ("catalog", "read category"): _CATEGORIES,
    ("catalog", "create category"): _CATEGORIES,
    ("catalog", "update category"): _CATEGORIES,
    ("catalog", "arrange images"): "Edit Product",
    ("catalog", "list specification fields"): _GROUPS,
    ("catalog", "list specification groups"): _GROUPS,
    ("catalog", "read specification group"): _GROUPS,
    ("catalog", "create specification group"): _GROUPS,
    ("catalog", "read specification field"): _FIELDS,
    ("catalog", "create specification field"): _FIELDS,
    ("catalog", "list specification values"): _FIELDS,
    ("catalog", "create specification value"): _FIELDS,
    ("catalog", "read product specifications"): _OF_PRODUCTS,
    ("catalog", "write product specifications"): _OF_PRODUCTS,
    ("catalog", "remove product specification"): _OF_PRODUCTS,
    ("catalog", "read sku specifications"): "SKUs",
    ("catalog", "add sku specification"): "SKUs",
    ("catalog", "update sku specification"): "SKUs",
    ("catalog", "remove sku specification"): "SKUs",
    **{("catalog", f"{verb} service"): "SKU type management" for verb in _VERBS},
    **{("catalog", f"{verb} service option"): "SKU Services" for verb in _VERBS},
    **{("catalog", f"{verb} service attachment"): "SKU Services" for verb in _VERBS},
    ("catalog", "read similar categories"): "Similar Category",
    ("catalog", "add similar category"): "Similar Categories Management",
    ("catalog", "remove similar category"): "Similar Categories Management",
    ("catalog", "read kit"): "SKU Bundles",
    ("catalog", "add kit component"): "SKU Bundles",
    ("catalog", "remove kit component"): "SKU Bundles",
}


def judge(answer: Answer, *, api: str, operation: str, section: str = "vtex") -> None:
    """Return for an answer that means done, raise what else it means."""
    status = answer.status_code
    where = f"VTEX {api} ({operation})"
    match status:
        case _ if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        case HTTPStatus.UNAUTHORIZED:
            raise Unauthorized(
                f"{where} refused the app key or token (401): check {section}.app_key and {section}.app_token"
            )
        case HTTPStatus.FORBIDDEN:
            raise Forbidden(
                f"{where} says that the app key lacks a permission (403): in VTEX's License Manager, give its"
                f" role the resource {_resource(api, operation)}",
                after=_FORBIDDEN_PAUSE,
            )
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            after = answer.retry_after() or _DEFAULT_PAUSE.get(api, _SHORT_PAUSE)
            raise Throttled(f"{where} asks to slow down ({status})", after=after)
        case HTTPStatus.LOCKED:
            raise Retry(f"{where} was busy with another write of the same record (423)", after=_SHORT_PAUSE)
        case HTTPStatus.REQUEST_TIMEOUT:
            raise Retry(f"{where} timed out (408)", unknown_outcome=True)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Retry(
                f"{where} failed with {status}{_said(answer)}",
                after=answer.retry_after(),
                unknown_outcome=True,
            )
        case _ if status in range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST):
            moved = answer.shown(answer.headers.get("location") or "an address that it does not name")
            raise Refused(f"{where} redirects to {moved} ({status}): correct its URL in the configuration")
        case _:
            raise Refused(f"{where} refused it with {status}{_said(answer) or ': no explanation was given'}")


def _resource(api: str, operation: str) -> str:
    return _RESOURCES_OF_OPERATIONS.get((api, operation)) or _RESOURCES.get(api, api)


def _said(answer: Answer) -> str:
    said = answer.shown(_sentence(answer.text))
    return f": {said}" if said else ""


def _sentence(text: str) -> str:
    """VTEX's APIs wrap it as {"error": {"code", "message"}}, {"message"} or {"Message"}, or quote it."""
    with suppress(ValueError):
        body = json.loads(text)
        error = body.get("error") or body if isinstance(body, dict) else body
        if isinstance(error, str):
            return error
        if isinstance(error, dict):
            message = error.get("message") or error.get("Message")
            if isinstance(message, str):
                return f"{message} ({error['code']})" if error.get("code") else message
    return text
