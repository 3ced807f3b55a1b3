"""Similar categories of products in the Catalog API."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.catalog.goods import PVT, existing
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Json, RefusedError


def set_similar_category(request: Request, product: int, category: int) -> None:
    """The same again changes nothing."""
    store = store_of(request)
    if category not in store.categories:
        raise RefusedError(400, f"Category {category} does not exist")
    store.similar_categories[product].add(category)
    note(request, "product.similar-category-added", id=product, category=category)


async def get_similar(request: Request) -> Response:
    store = store_of(request)
    number = existing(store.products, request, "Product")
    similar = sorted(store.similar_categories[number])
    return Json([{"ProductId": number, "CategoryId": category} for category in similar])


async def post_similar(request: Request) -> Response:
    number, category = (
        existing(store_of(request).products, request, "Product"),
        request.path_params["category"],
    )
    set_similar_category(request, number, category)
    # VTEX's schema calls it so.
    return Json({"ProductId": number, "StoreId": category})


async def delete_similar(request: Request) -> Response:
    store, category = store_of(request), request.path_params["category"]
    number = existing(store.products, request, "Product")
    store.similar_categories[number].discard(category)
    note(request, "product.similar-category-removed", id=number, category=category)
    return Response(status_code=200)


SIMILAR = f"{PVT}/product/{{number:int}}/similarcategory"

ROUTES = [
    Route(SIMILAR, get_similar, methods=["GET"]),
    Route(f"{SIMILAR}/{{category:int}}", post_similar, methods=["POST"]),
    Route(f"{SIMILAR}/{{category:int}}", delete_similar, methods=["DELETE"]),
]
