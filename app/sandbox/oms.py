"""The OMS over HTTP: reading and listing orders, start-handling, invoice, tracking, cancel and its denial."""

import re
import uuid
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox import modifications
from app.sandbox.invoices import bad, check_invoice, read_events, read_package, read_tracking, tracks
from app.sandbox.journal import note
from app.sandbox.order_document import iso, order_document, order_row
from app.sandbox.order_flow import add_package, cancel, deny_cancellation, move
from app.sandbox.orders import Order
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, oms_error, query_integer, read_object


def _order(request: Request) -> tuple[Store, Order]:
    store, order_id = store_of(request), request.path_params["order_id"]
    order = store.orders.get(order_id) or _at_its_seller(store, order_id)
    if order is None:
        raise oms_error(404, "OMS007", f"Order Not Found {order_id}")
    modifications.of(store, order)
    return store, order


def _at_its_seller(store: Store, order_id: str) -> Order | None:
    """One store plays the accounts of all sellers."""
    order = store.orders.get(order_id.partition("-")[2])
    return order if order is not None and order.seller != "1" and order.seller_order_id == order_id else None


def _receipt(order: Order, store: Store) -> Response:
    date = store.moment().isoformat()
    return Json({"date": date, "orderId": order.order_id, "receipt": uuid.uuid4().hex})


async def get_order(request: Request) -> Response:
    store, order = _order(request)
    return Json(modifications.shown_in(store, order, order_document(store, order)))


async def list_orders(request: Request) -> Response:
    """VTEX Orders API: reads an index that lags, 30 pages of at most 100; not for integrations."""
    store = store_of(request)
    page, size = query_integer(request, "page", 1), query_integer(request, "per_page", 15)
    if not 1 <= page <= 30 or not 1 <= size <= 100:
        raise oms_error(400, "OMS001", "page must be between 1 and 30, per_page between 1 and 100")
    rows = _rows(store, request)
    pages = -(-len(rows) // size)
    paging = {"total": len(rows), "pages": pages, "currentPage": page, "perPage": size}
    found = [order_row(order, status) for order, status in rows[(page - 1) * size : page * size]]
    return Json({"list": found, "facets": [], "paging": paging, "stats": {"stats": {}}})


def _rows(store: Store, request: Request) -> list[tuple[Order, str]]:
    indexed_until = store.now() - store.list_lag_seconds
    rows = [(order, order.status_at(indexed_until)) for order in store.orders.values()]
    wanted = {text for text in request.query_params.get("f_status", "").split(",") if text}
    start, end = _created_range(request.query_params.get("f_creationDate"))
    found = [
        (order, status)
        for order, status in rows
        if status and (not wanted or status in wanted) and start <= order.created.timestamp() <= end
    ]
    field, _, direction = request.query_params.get("orderBy", "creationDate,desc").partition(",")
    if field not in {"creationDate", "orderId"} or direction not in {"asc", "desc"}:
        raise oms_error(400, "OMS001", "orderBy must be creationDate,asc or creationDate,desc")
    return found if direction == "asc" else found[::-1]


def _created_range(text: str | None) -> tuple[float, float]:
    if text is None:
        return 0, float("inf")
    match = re.fullmatch(r"creationDate:\[(\S+) TO (\S+)\]", text)
    try:
        assert match is not None
        start, end = (datetime.fromisoformat(part).timestamp() for part in match.groups())
    except (AssertionError, ValueError) as error:
        raise oms_error(400, "OMS001", "f_creationDate must be creationDate:[START TO END]") from error
    return start, end


async def start_handling(request: Request) -> Response:
    store, order = _order(request)
    if order.status != "ready-for-handling":
        raise oms_error(409, "OMS003", "Order status should be ready-for-handling")
    move(store, order, "handling")
    note(request, "order.start-handled", order_id=order.order_id)
    return Response(status_code=204)


async def post_invoice(request: Request) -> Response:
    """VTEX Orders API: an invoice number sent again gets a new receipt and changes nothing else."""
    store, order = _order(request)
    package = read_package(order, await read_object(request))
    if order.package(package["invoiceNumber"]) is None:
        check_invoice(order, package)
        add_package(store, order, package)
        facts: Record = {"invoice_number": package["invoiceNumber"], "value": package["invoiceValue"]}
        note(request, "order.invoiced", order_id=order.order_id, **facts, status=order.status)
    return _receipt(order, store)


def _package(request: Request, order: Order) -> Record:
    number = request.path_params["invoice_number"]
    package = order.package(number)
    if package is None or not tracks(number):
        raise oms_error(404, "OMS007", f"Invoice {number} not found")
    return package


async def patch_tracking(request: Request) -> Response:
    store, order = _order(request)
    package = _package(request, order)
    package.update(read_tracking(await read_object(request)))
    facts = {"invoice_number": package["invoiceNumber"], "tracking_number": package["trackingNumber"]}
    note(request, "order.tracked", order_id=order.order_id, **facts)
    return _receipt(order, store)


async def put_tracking_status(request: Request) -> Response:
    """Events are appended; sending one again appends it again (undocumented, the worse guess)."""
    store, order = _order(request)
    package = _package(request, order)
    if not package["trackingNumber"]:
        raise bad("The invoice has no tracking number")
    delivered, events = read_events(body := await read_object(request))
    now = iso(store.now())
    before = (package["courierStatus"] or {"data": []})["data"]
    added = [{**event, "lastChange": event["date"], "createDate": now} for event in events]
    package["courierStatus"] = {
        "status": None,
        "finished": delivered,
        "deliveredDate": body.get("deliveredDate") if delivered else None,
        "data": [*before, *added],
    }
    facts = {"invoice_number": package["invoiceNumber"], "events": len(events), "delivered": delivered}
    note(request, "order.tracking-events", order_id=order.order_id, **facts)
    return _receipt(order, store)


async def cancel_order(request: Request) -> Response:
    """VTEX Orders API: an order that is invoiced, even in part, answers 400."""
    store, order = _order(request)
    body = await read_object(request) if await request.body() else {}
    reason = body.get("reason")
    if not isinstance(reason, str | None):
        raise bad("reason must be a string")
    try:
        changed = cancel(store, order, reason)
    except RefusedError as error:
        raise bad(str(error)) from error
    if changed:
        effect = "order.canceled" if order.status == "canceled" else "order.cancellation-requested"
        note(request, effect, order_id=order.order_id, reason=reason)
    return _receipt(order, store)


async def deny_cancellation_request(request: Request) -> Response:
    """VTEX's guide on cancellations (not in its OpenAPI): 200 without a body."""
    store, order = _order(request)
    body = await read_object(request)
    request_id, reason = body.get("cancellationRequestId"), body.get("denyReason")
    if not isinstance(request_id, str) or not isinstance(reason, str) or not reason:
        raise bad("cancellationRequestId and denyReason are required")
    try:
        deny_cancellation(store, order, request_id, reason)
    except RefusedError as error:
        raise bad(str(error)) from error
    note(request, "order.cancellation-denied", order_id=order.order_id, reason=reason)
    return Response(status_code=200)


ORDERS = "/api/oms/pvt/orders"
ORDER = f"{ORDERS}/{{order_id}}"

ROUTES = [
    Route(ORDERS, list_orders, methods=["GET"]),
    Route(ORDER, get_order, methods=["GET"]),
    Route(f"{ORDER}/start-handling", start_handling, methods=["POST"]),
    Route(f"{ORDER}/invoice", post_invoice, methods=["POST"]),
    Route(f"{ORDER}/invoice/{{invoice_number}}", patch_tracking, methods=["PATCH"]),
    Route(f"{ORDER}/invoice/{{invoice_number}}/tracking", put_tracking_status, methods=["PUT"]),
    Route(f"{ORDER}/cancel", cancel_order, methods=["POST"]),
    Route(
        "/api/orders/pvt/document/{order_id}/deny-cancellation-request",
        deny_cancellation_request,
        methods=["POST"],
    ),
]
