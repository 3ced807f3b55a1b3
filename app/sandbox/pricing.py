"""The Pricing API: a SKU's price and its fixed prices, under the published quota if switched on."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.journal import note
from app.sandbox.prices import Price, merge_fixed, read_fixed, read_price
from app.sandbox.state import store_of
from app.sandbox.wire import Json, Record, RefusedError, read_array, read_object


async def put_price(request: Request) -> Response:
    """VTEX Pricing API: a PUT replaces all fixed prices; those not in the body are gone."""
    price = read_price(await read_object(request))
    store_of(request).prices[request.path_params["item"]] = price
    _note(request, "price.put", price)
    return Response(status_code=200)


async def get_price(request: Request) -> Response:
    return Json(_price(request).dump(request.path_params["item"]))


async def delete_price(request: Request) -> Response:
    """Base price and all fixed prices. Without a price: undocumented, here 200."""
    store_of(request).prices.pop(request.path_params["item"], None)
    _note(request, "price.deleted")
    return Response(status_code=200)


async def write_fixed(request: Request) -> Response:
    """PATCH and POST merge. A SKU without a base price is undocumented; it is accepted."""
    entries = read_fixed(await read_array(request), request.path_params.get("table"))
    price = store_of(request).prices.setdefault(request.path_params["item"], Price())
    merge_fixed(price, entries)
    _note(request, "price.fixed-merged", price)
    return Response(status_code=200)


async def get_fixed(request: Request) -> Response:
    table = request.path_params.get("table")
    return Json([entry for entry in _price(request).fixed if table in {None, entry["tradePolicyId"]}])


async def delete_fixed(request: Request) -> Response:
    price, table = _price(request), request.path_params["table"]
    price.fixed = [entry for entry in price.fixed if entry["tradePolicyId"] != table]
    _note(request, "price.fixed-deleted", price)
    return Response(status_code=200)


def _price(request: Request) -> Price:
    price = store_of(request).prices.get(request.path_params["item"])
    if price is None:
        raise RefusedError(404, "Price not found")
    return price


def _note(request: Request, effect: str, price: Price | None = None) -> None:
    """VTEX is not documented to refuse the price of an unknown SKU: the journal tells."""
    item = request.path_params["item"]
    known = item.isdecimal() and str(int(item)) == item and int(item) in store_of(request).skus
    facts: Record = {"sku_id": item, "known_sku": known}
    if price is not None:
        facts |= {"base_price": price.base, "fixed_prices": len(price.fixed)}
    note(request, effect, **facts)


def pricing_routes(account: str) -> list[Route]:
    item = f"/{account}/pricing/prices/{{item}}"
    return [
        Route(item, put_price, methods=["PUT"]),
        Route(item, get_price, methods=["GET"]),
        Route(item, delete_price, methods=["DELETE"]),
        Route(f"{item}/fixed", write_fixed, methods=["PATCH"]),
        Route(f"{item}/fixed", get_fixed, methods=["GET"]),
        Route(f"{item}/fixed/{{table}}", write_fixed, methods=["POST"]),
        Route(f"{item}/fixed/{{table}}", get_fixed, methods=["GET"]),
        Route(f"{item}/fixed/{{table}}", delete_fixed, methods=["DELETE"]),
    ]
