"""Feed v3 over HTTP: configuration, reading and committing. One app key, so one feed."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, is_integer, oms_error, query_integer, read_object

RETENTION = range(345_600, 1_209_601)
VISIBILITY = range(43_201)


async def get_config(request: Request) -> Response:
    store = store_of(request)
    age = store.feed.oldest_age(store.now())
    counters = {"quantity": len(store.feed.items), "approximateAgeOfOldestMessageInSeconds": int(age)}
    return Json(_configured(store) | counters)


async def post_config(request: Request) -> Response:
    """An upsert. Status strings are not validated: a wrong one silently matches nothing."""
    body, store = await read_object(request), store_of(request)
    wanted, queue = body.get("filter"), body.get("queue")
    if not isinstance(wanted, dict) or not isinstance(queue, dict):
        raise RefusedError(400, "filter and queue are required")
    config = {"filter": workflow_filter(wanted), "queue": _queue(queue)}
    store.feed.configure(config, store.now())
    note(request, "feed.configured", status=config["filter"]["status"])
    return Response(status_code=200)


async def delete_config(request: Request) -> Response:
    _configured(store_of(request))
    store_of(request).feed.delete()
    note(request, "feed.deleted")
    return Response(status_code=200)


async def read_feed(request: Request) -> Response:
    store = store_of(request)
    most = query_integer(request, "maxlot", 1)
    if not 1 <= most <= 10:
        raise RefusedError(400, "maxlot must be between 1 and 10")
    _configured(store)
    items = store.feed.read(most, store.feed_duplicate_ratio, store.now())
    return Json([item.dump() for item in items])


async def commit(request: Request) -> Response:
    handles = (await read_object(request)).get("handles")
    if not isinstance(handles, list) or not handles or not all(isinstance(each, str) for each in handles):
        raise RefusedError(400, "handles must be an array of strings")
    store = store_of(request)
    _configured(store)
    gone = store.feed.commit(handles)
    if gone:
        events = [{"order_id": item.order_id, "state": item.state} for item in gone]
        note(request, "feed.committed", count=len(gone), stale=len(handles) - len(gone), items=events)
    return Response(status_code=200)


def _configured(store: Store) -> Record:
    config = store.feed.current_config(store.now())
    if config is None:
        raise oms_error(404, "1", "Feed not found for this appKey")
    return config


def workflow_filter(wanted: Record) -> Record:
    status = wanted.get("status")
    if status and ("expression" in wanted or "disableSingleFire" in wanted):
        raise RefusedError(409, "status cannot be combined with expression or disableSingleFire")
    if wanted.get("type") != "FromWorkflow":
        raise RefusedError(400, "The sandbox filters FromWorkflow only: it has no JSONata")
    if not isinstance(status, list) or not all(isinstance(each, str) for each in status):
        raise RefusedError(400, "filter.status must be an array of strings")
    return {"type": "FromWorkflow", "status": status}


def _queue(queue: Record) -> Record:
    limits = {"visibilityTimeoutInSeconds": VISIBILITY, "MessageRetentionPeriodInSeconds": RETENTION}
    for name, limit in limits.items():
        value = queue.get(name)
        if not is_integer(value) or value not in limit:
            raise RefusedError(400, f"queue.{name} must be between {limit[0]} and {limit[-1]}")
    return {name: queue[name] for name in limits}


ROUTES = [
    Route("/api/orders/feed/config", get_config, methods=["GET"]),
    Route("/api/orders/feed/config", post_config, methods=["POST"]),
    Route("/api/orders/feed/config", delete_config, methods=["DELETE"]),
    Route("/api/orders/feed", read_feed, methods=["GET"]),
    Route("/api/orders/feed", commit, methods=["POST"]),
]
