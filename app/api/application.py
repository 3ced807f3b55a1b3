"""The HTTP application: routes by role, problems for everything that goes wrong, self-hosted docs."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from app import logging
from app.api import events, health, webhooks
from app.api.measuring import Measured
from app.api.problems import TYPES, FieldMistake, Problem, ProblemDocument, answer_problem, pointer
from app.changes import KINDS
from app.database import Database
from app.errors import DatabaseUnavailable
from app.keys import Keys
from app.queue.store import Store

log = logging.get(__name__)
_STATIC = Path(__file__).with_name("static")
_REF = "#/components/schemas/{model}"


def create_app(
    store: Store, keys: Keys, *, connections: Collection[str], max_body_bytes: int, serve_api: bool = True
) -> FastAPI:
    """With `serve_api` false only health and metrics, for the roles that take no requests."""
    app = FastAPI(
        title="erp-vtex-bridge",
        version="1",
        summary="What an ERP tells a VTEX store, and what became of it.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if serve_api else None,
    )
    app.state.store, app.state.keys, app.state.database = store, keys, store.database
    app.state.connections, app.state.max_body_bytes = frozenset(connections), max_body_bytes
    app.include_router(health.router())
    if serve_api:
        app.include_router(webhooks.router())
        app.include_router(events.router())
        _add_docs(app)
    _answer_mistakes(app)
    app.add_middleware(Measured)
    return app


def openapi_document() -> dict[str, Any]:
    """Our OpenAPI, made without a database or a configuration."""
    database = Database("sqlite+aiosqlite://")
    return create_app(Store(database), Keys(database), connections=(), max_body_bytes=0).openapi()


def _add_docs(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="erp-vtex-bridge",
            swagger_js_url="/static/swagger-ui-bundle.js",
            swagger_css_url="/static/swagger-ui.css",
            swagger_favicon_url="data:,",
        )

    @app.get("/problems/{slug}", include_in_schema=False)
    async def problem_type(slug: str) -> dict[str, Any]:
        if slug not in TYPES:
            raise Problem("not-found", f"there is no problem type {slug!r}")
        status, title = TYPES[slug]
        return {"type": f"/problems/{slug}", "status": status, "title": title}

    generated = app.openapi

    def with_changes() -> dict[str, Any]:
        document = generated()
        models = [(kind.change, "validation") for kind in KINDS.values()] + [
            (ProblemDocument, "serialization")
        ]
        _, schemas = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]  # literal modes
        document["components"]["schemas"] |= schemas["$defs"]
        # FastAPI declares its own answer to invalid input; ours is a problem document.
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = with_changes  # type: ignore[method-assign]  # FastAPI's own documented way


def _answer_mistakes(app: FastAPI) -> None:
    app.add_exception_handler(Problem, answer_problem)

    @app.exception_handler(DatabaseUnavailable)
    async def unavailable(_request: Request, error: DatabaseUnavailable) -> JSONResponse:
        log.error("database.unavailable", error=str(error))
        detail = "nothing was stored; send it again after the time in Retry-After"
        return Problem("unavailable", detail, headers={"Retry-After": "2"}).response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        mistakes = [FieldMistake(pointer=pointer(each["loc"]), detail=each["msg"]) for each in error.errors()]
        detail = f"{mistakes[0].pointer}: {mistakes[0].detail}"
        return Problem("invalid-request", detail, mistakes).response()

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        slug = next((slug for slug, (status, _) in TYPES.items() if status == error.status_code), "not-found")
        detail = f"{request.method} {request.url.path}: {error.detail}; the API is described at /docs"
        return Problem(slug, detail, headers=dict(error.headers or {})).response()

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("request.bug", path=request.url.path, exc_info=error)
        return Problem(
            "internal", "this is our mistake, it is in the logs; sending it again is safe"
        ).response()
