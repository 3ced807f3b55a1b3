"""The order modifications over HTTP: preview, request, history, details, retry, cancel, settings."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox import modifications
from app.sandbox.journal import note
from app.sandbox.modifications import Modification, Piece
from app.sandbox.order_document import iso
from app.sandbox.orders import Order
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, oms_error, read_object


def _order(request: Request, account: str = "an") -> tuple[Store, Order]:
    store, order_id = store_of(request), request.path_params["order_id"]
    if request.query_params.get(account) != store.account:
        raise oms_error(400, "CHK0124", f"{account} must be the account's name")
    order = store.orders.get(order_id)
    if order is None:
        raise oms_error(404, "CHK0201", f"Order {order_id} not found.")
    return store, order


def _change(request: Request) -> tuple[Store, Order, Modification]:
    store, order = _order(request)
    wanted = request.path_params["request_id"]
    found = next((each for each in modifications.of(store, order) if each.request_id == wanted), None)
    if found is None:
        raise oms_error(404, "CHK0289", f"Change order request {wanted} not found.")
    return store, order, found


def _shown(store: Store, order: Order, change: Modification) -> Record:
    """The members that both the preview and the requests have; money in cents."""
    taken, given = iter(change.taken), iter(change.given)
    replaced = [
        {
            "from": {"items": [_item(next(taken)) for _ in each["from"]["items"]]} | _nothing_else(),
            "to": {"items": [_item(next(given)) for _ in each["to"]["items"]]} | _nothing_else(),
        }
        for each in change.body["replace"]
    ]
    return {
        "reason": change.body["reason"],
        "manualDiscountValue": 0,
        "manualIncrementValue": 0,
        "totalChangeValue": sum(change.totals.values()),
        "totals": [
            {"id": name, "name": f"{name} Total", "value": each} for name, each in change.totals.items()
        ],
        "add": None,
        "remove": None,
        "replace": replaced,
        "date": iso(change.at),
        "origin": {"account": store.account, "orderId": order.order_id, "component": "MarketplaceComponent"},
        "settings": store.change_settings,
    }


def _item(piece: Piece) -> Record:
    line = piece.line
    names = {"id": str(line.sku_id), "uniqueId": line.unique_id, "refId": line.ref_id, "name": line.name}
    money = {"price": line.price, "listPrice": None, "sellingPrice": line.price, "tax": 0}
    return {**names, **money, "quantity": piece.quantity, "measurementUnit": "un", "unitMultiplier": 1}


def _nothing_else() -> Record:
    return {"paymentData": {"transactions": []}, "shippingData": {"logisticsInfo": []}}


def _request(store: Store, order: Order, change: Modification) -> Record:
    return {
        "requestId": change.request_id,
        "workflowId": change.workflow_id,
        **_shown(store, order, change),
    }


async def preview(request: Request) -> Response:
    store, order = _order(request)
    modifications.refuse_if_off(store)
    return Json(_shown(store, order, modifications.read(store, order, await read_object(request))))


async def patch(request: Request) -> Response:
    """202: it is done some moments later (`change_seconds`), or canceled (`change_fails`)."""
    store, order = _order(request, "accountName")
    modifications.refuse_if_off(store)
    change = modifications.read(store, order, await read_object(request))
    store.modifications[order.order_id].append(change)
    note(request, "order.change-requested", order_id=order.order_id, request_id=change.request_id)
    return Json(_request(store, order, change), status_code=202)


async def history(request: Request) -> Response:
    store, order = _order(request)
    every = [_request(store, order, each) for each in modifications.of(store, order)]
    return Json({"requests": every, "actions": []})


async def details(request: Request) -> Response:
    store, order, change = _change(request)
    state = {"status": change.status, "inProgress": change.status.startswith("waiting")}
    shown = {**_request(store, order, change), **state, "finished": change.status == "done", "logs": []}
    if change.why:
        shown["cancellationData"] = {
            "requestedByUser": False,
            "reason": change.why,
            "cancellationDate": iso(store.now()),
        }
    return Json(shown)


async def retry(request: Request) -> Response:
    _, _, change = _change(request)
    if not change.status.startswith("waiting"):
        raise oms_error(400, "SalesOrderSystem016", "Cannot Retry Change.")
    return Response(status_code=204)


async def cancel(request: Request) -> Response:
    _, _, change = _change(request)
    if change.status == "done":
        raise oms_error(400, "CHK0124", "Invalid change for order.")
    change.status, change.why = "canceled", str((await read_object(request)).get("reason") or "")
    return Response(status_code=200)


async def get_settings(request: Request) -> Response:
    return Json(store_of(request).change_settings)


async def put_settings(request: Request) -> Response:
    settings = store_of(request).change_settings
    for name, part in (await read_object(request)).items():
        if isinstance(part, dict) and isinstance(settings.get(name), dict):
            settings[name] |= part
    return Json(settings)


ORDERS = "/api/order-system/orders"
CHANGES = f"{ORDERS}/{{order_id}}/changes"

ROUTES = [
    Route(f"{ORDERS}/changes/settings", get_settings, methods=["GET"]),
    Route(f"{ORDERS}/changes/settings", put_settings, methods=["PUT"]),
    Route(CHANGES, history, methods=["GET"]),
    Route(CHANGES, patch, methods=["PATCH"]),
    Route(f"{CHANGES}/preview", preview, methods=["POST"]),
    Route(f"{CHANGES}/{{request_id}}", details, methods=["GET"]),
    Route(f"{CHANGES}/{{request_id}}/retry", retry, methods=["POST"]),
    Route(f"{CHANGES}/{{request_id}}/cancel", cancel, methods=["POST"]),
]
