"""/healthz (the process lives), /readyz (it can do its work), /metrics."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError

from app import metrics
from app.database import Database, is_migrated
from app.errors import DatabaseUnavailable
from app.queue.store import Store


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        database: Database = request.app.state.database
        try:
            ready, why = (
                await is_migrated(database),
                "the schema is not at this version's revision: bridge migrate",
            )
        except DatabaseUnavailable as error:
            ready, why = False, f"the database does not answer ({error})"
        if ready:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "why": why}, 503, headers={"Retry-After": "2"})

    @routes.get("/metrics")
    async def scrape(request: Request) -> Response:
        store: Store = request.app.state.store
        try:
            rows = await store.read.backlog()
        except (DatabaseUnavailable, DBAPIError):
            # An outage, or a schema that is not there yet: the other metrics still tell.
            rows = []
        metrics.BACKLOG.clear()
        metrics.BACKLOG_AGE.clear()
        for row in rows:
            labels = (row.connection, row.kind, row.status or "accepted")
            metrics.BACKLOG.labels(*labels).set(row.lanes)
            metrics.BACKLOG_AGE.labels(*labels).set((datetime.now(UTC) - row.oldest).total_seconds())
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes
