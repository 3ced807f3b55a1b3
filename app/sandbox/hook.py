"""The order hook over HTTP: one per app key."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.feed import workflow_filter
from app.sandbox.hook_calls import answered
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Json, RefusedError, oms_error, read_object


async def get_config(request: Request) -> Response:
    config = store_of(request).hook.config
    if config is None:
        raise oms_error(404, "1", "Hook not found for this appKey")
    return Json(config)


async def post_config(request: Request) -> Response:
    """On save VTEX calls with a ping, and refuses an address that does not answer 200."""
    body, store = await read_object(request), store_of(request)
    wanted, hook = body.get("filter"), body.get("hook")
    if not isinstance(wanted, dict) or not isinstance(hook, dict):
        raise RefusedError(400, "filter and hook are required")
    headers = hook.get("headers")
    if not isinstance(hook.get("url"), str) or not isinstance(headers, dict) or "key" not in headers:
        raise RefusedError(400, "hook.url and hook.headers with a key are required")
    config = {"filter": workflow_filter(wanted), "hook": {"url": hook["url"], "headers": headers}}
    if not await answered(config["hook"], {"hookConfig": "ping"}):
        raise RefusedError(400, "The address did not answer 200 to the ping")
    store.hook.config = config
    note(request, "hook.configured", url=hook["url"], status=config["filter"]["status"])
    return Response(status_code=200)


async def delete_config(request: Request) -> Response:
    store_of(request).hook.config = None
    note(request, "hook.deleted")
    return Response(status_code=200)


ROUTES = [
    Route("/api/orders/hook/config", get_config, methods=["GET"]),
    Route("/api/orders/hook/config", post_config, methods=["POST"]),
    Route("/api/orders/hook/config", delete_config, methods=["DELETE"]),
]
