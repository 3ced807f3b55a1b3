"""The list of all SKU ids, in pages."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.state import store_of
from app.sandbox.wire import Json, RefusedError

_MOST = 1000


async def list_sku_ids(request: Request) -> Response:
    page, size = (request.query_params.get(name, "") for name in ("page", "pagesize"))
    if not (page.isdigit() and size.isdigit() and int(page) and 0 < int(size) <= _MOST):
        raise RefusedError(400, f"page and pagesize are required; pagesize is at most {_MOST}")
    first = (int(page) - 1) * int(size)
    return Json(sorted(store_of(request).skus)[first : first + int(size)])


ROUTES = [Route("/api/catalog_system/pvt/sku/stockkeepingunitids", list_sku_ids, methods=["GET"])]
