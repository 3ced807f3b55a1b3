"""The remote control: what shoppers and store staff do, switches, faults, and a look inside."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.products import PRODUCT_FIELDS
from app.sandbox.catalog.shape import conform
from app.sandbox.catalog.skus import activate_skus_of, add_image
from app.sandbox.connecting import addresses
from app.sandbox.customers import read_moment, read_purchase
from app.sandbox.dump import dump_store
from app.sandbox.faults import Faults, read_fault
from app.sandbox.journal import journal_of
from app.sandbox.order_flow import SHIPPING, cancel, move, place_order
from app.sandbox.orders import Order
from app.sandbox.state import store_of
from app.sandbox.switches import get_erp, number, post_erp, settings
from app.sandbox.wire import Json, Record, RefusedError, is_integer, query_integer, read_object

INDEX = {
    "GET /sandbox/bridge.toml": "a configuration that points a bridge at this sandbox, secrets included",
    "GET /sandbox/state": "products, SKUs, prices, inventory and orders of the store",
    "GET /sandbox/journal?effect=TYPE&after=SEQ": "every VTEX request, with its effect",
    "POST /sandbox/orders": "place an order: items [{ref_id, quantity, discount (cents), seller}], status,"
    " warehouse, shipping (cents), cancel_when (a status, or told); an order for each seller",
    "POST /sandbox/orders/{id}/status": "walk an order to a status",
    "POST /sandbox/orders/{id}/cancel": "cancel it as the shopper does: reason",
    "POST /sandbox/skus/{ref_id}/enrich": "what staff do by hand: product fields, image, SKU activation",
    "POST /sandbox/feed/drop": "VTEX drops the feed's configuration: after_seconds",
    "GET, POST, DELETE /sandbox/faults": "rules: action, method, path_regex (^/erp: the ERP's), times,"
    " probability, status…",
    "GET, POST /sandbox/settings": "the store's switches",
    "GET, POST /sandbox/erp": "callbacks received; fail_next, delay_seconds, respond, per_second,"
    " max_concurrent, overloaded_status",
    "POST /sandbox/reset": "a new store",
}


async def index(request: Request) -> Response:
    base, store = str(request.base_url).rstrip("/"), store_of(request)
    keys = f"-H 'X-VTEX-API-AppKey: {store.app_key}' -H 'X-VTEX-API-AppToken: {store.app_token}'"
    urls = addresses(base, store)
    examples = [
        f"curl {base}/sandbox/state",
        f"curl -X POST {base}/sandbox/orders -d '" + '{"items": [{"ref_id": "SKU-1"}]}' + "'",
        f"curl {keys} {base}/api/logistics/pvt/configuration/warehouses",
        f"curl {keys} {urls['pricing_url']}/pricing/prices/1001",
    ]
    what = "A stand-in VTEX store and ERP"
    return Json({"what": what, "urls": urls, "control": INDEX, "examples": examples})


async def get_state(request: Request) -> Response:
    return Json(dump_store(store_of(request)))


async def get_journal(request: Request) -> Response:
    after = query_integer(request, "after", 0)
    return Json(list(journal_of(request).after(after, request.query_params.get("effect"))))


async def post_order(request: Request) -> Response:
    store, body = store_of(request), await read_object(request)
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise RefusedError(400, "items must be [{ref_id, quantity}]")
    shipping = body.get("shipping", SHIPPING)
    if not is_integer(shipping) or shipping < 0:
        raise RefusedError(400, "shipping must be in integer cents")
    warehouse, status = body.get("warehouse", "1_1"), body.get("status", "ready-for-handling")
    bought = [read_purchase(item) for item in items]
    placed = place_order(store, bought, status, warehouse, shipping, read_moment(body))
    for order in placed:
        _journal(request, "order.created", order)
    shown = [{"orderId": each.order_id, "status": each.status, "value": each.total} for each in placed]
    return Json({**shown[0], "orderGroup": placed[0].group, "orders": shown})


def _order(request: Request) -> Order:
    order = store_of(request).orders.get(request.path_params["order_id"])
    if order is None:
        raise RefusedError(404, "There is no such order")
    return order


async def post_status(request: Request) -> Response:
    order, status = _order(request), (await read_object(request)).get("status")
    move(store_of(request), order, str(status))
    _journal(request, "order.moved", order)
    return Json({"orderId": order.order_id, "status": order.status})


async def post_cancel(request: Request) -> Response:
    order, body = _order(request), await read_object(request) if await request.body() else {}
    if cancel(store_of(request), order, body.get("reason")):
        _journal(request, "order.canceled", order)
    return Json({"orderId": order.order_id, "status": order.status})


def _journal(request: Request, effect: str, order: Order) -> None:
    facts = {"type": effect, "order_id": order.order_id, "status": order.status}
    journal_of(request).add("sandbox", request.method, request.url.path, 200, effect=facts)


async def drop_feed(request: Request) -> Response:
    store, body = store_of(request), await read_object(request) if await request.body() else {}
    store.feed.drop_at = store.now() + number(body.get("after_seconds", 0))
    return Json({"configured": store.feed.current_config(store.now()) is not None})


async def enrich(request: Request) -> Response:
    """Store staff: any product field as they type it, an image, and the SKU switched on."""
    store, body = store_of(request), await read_object(request)
    number = store.sku_by_ref.get(request.path_params["ref_id"])
    if number is None:
        raise RefusedError(404, "There is no such SKU")
    product = store.products[store.skus[number]["ProductId"]]
    fields = body.get("product", {"IsActive": True, "IsVisible": True})
    product.update(_staff_fields(product, fields))
    if body.get("image", True):
        image = body["image"] if isinstance(body.get("image"), dict) else {}
        default = {"Name": f"{product['LinkId']}-{number}", "Url": f"https://images.example.com/{number}.jpg"}
        add_image(store, number, default | image)
    if body.get("activate", True):
        store.skus[number] |= {"IsActive": True, "ActivateIfPossible": True}
    activate_skus_of(store, product["Id"])
    return Json({"product": product, "sku": store.skus[number], "images": store.images[number]})


def _staff_fields(product: Record, fields: object) -> Record:
    if not isinstance(fields, dict) or not fields.keys() <= PRODUCT_FIELDS.keys() - {"RefId"}:
        raise RefusedError(400, "product must hold fields of a product, without its RefId")
    checked = conform(product | fields, PRODUCT_FIELDS)
    return {name: checked[name] for name in fields}


async def get_faults(request: Request) -> Response:
    faults: Faults = request.app.state.faults
    return Json([rule.dump() for rule in faults.rules])


async def post_fault(request: Request) -> Response:
    faults: Faults = request.app.state.faults
    return Json(faults.add(read_fault(await read_object(request))).dump())


async def delete_faults(request: Request) -> Response:
    faults: Faults = request.app.state.faults
    number = query_integer(request, "id", 0) or None
    return Json({"removed": faults.remove(number)})


async def reset(request: Request) -> Response:
    state = request.app.state
    state.store.reset()
    state.journal.clear()
    state.erp.reset()
    state.faults.remove()
    return Json({"reset": True})


ROUTES = [
    Route("/sandbox", index, methods=["GET"]),
    Route("/sandbox/state", get_state, methods=["GET"]),
    Route("/sandbox/journal", get_journal, methods=["GET"]),
    Route("/sandbox/orders", post_order, methods=["POST"]),
    Route("/sandbox/orders/{order_id}/status", post_status, methods=["POST"]),
    Route("/sandbox/orders/{order_id}/cancel", post_cancel, methods=["POST"]),
    Route("/sandbox/skus/{ref_id:path}/enrich", enrich, methods=["POST"]),
    Route("/sandbox/feed/drop", drop_feed, methods=["POST"]),
    Route("/sandbox/faults", get_faults, methods=["GET"]),
    Route("/sandbox/faults", post_fault, methods=["POST"]),
    Route("/sandbox/faults", delete_faults, methods=["DELETE"]),
    Route("/sandbox/settings", settings, methods=["GET", "POST"]),
    Route("/sandbox/erp", get_erp, methods=["GET"]),
    Route("/sandbox/erp", post_erp, methods=["POST"]),
    Route("/sandbox/reset", reset, methods=["POST"]),
]
