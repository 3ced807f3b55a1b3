"""The HTTP application: routes by role, problems for everything that goes wrong, self-hosted docs."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from app import logging
from app.api import callbacks, described, events, health, hook, orders, webhooks
from app.api.admission import Admission, Bodies
from app.api.auth import Authentication
from app.api.failures import Failures
from app.api.intake import PREFIX, Intake
from app.api.measuring import Measured
from app.api.parameters import parameter_mistake
from app.api.problems import TYPES, Problem, answer_problem, unavailable
from app.api.rehearsed import Rehearse
from app.api.signatures import Signatures
from app.config import IntakeSettings
from app.database import Database
from app.errors import DatabaseUnavailable
from app.keys import Keys
from app.orders.hook import HookReceivers
from app.queue.personal import ContentRemoved
from app.queue.store import Store

log = logging.get(__name__)
_STATIC = Path(__file__).with_name("static")
_DESCRIPTION = """\
Every request carries `Authorization: Bearer <key>`; the key names the connection and what it may
do (`bridge keys create`). Changes are signed besides, or instead, where the operator configured it.

**202 means stored.** Changes are delivered in the order of acceptance, entity by entity; what became of one
is at `GET /v1/events/{id}`. After 503, or no answer at all, send the same again with the same
`Idempotency-Key`: it is stored once.

**State and facts.** A product, SKU, price or stock says how the thing should look: an absent field means
no opinion, `null` clears it, and of many pending changes only their sum is sent. An invoice is a fact: each
is delivered once. What refers to a thing that is not in VTEX yet waits for it.

**Errors** are problem documents (RFC 9457): nothing of the request was stored, and each mistake has its
JSON Pointer and the fix. An array is accepted whole or refused whole.
"""


_KEYS_ALONE: Mapping[str, IntakeSettings] = MappingProxyType({})


async def _nothing_rests(_connection: str) -> Mapping[str, str]:
    return {}


def create_app(
    store: Store,
    keys: Keys,
    *,
    connections: Collection[str],
    max_body_bytes: int,
    max_requests: int = 512,
    max_bytes_in_flight: int = 128 * 1024 * 1024,
    intake: Mapping[str, IntakeSettings] = _KEYS_ALONE,
    failures: Failures | None = None,
    why_kinds_rest: Callable[[str], Awaitable[Mapping[str, str]]] = _nothing_rests,
    hooks: HookReceivers | None = None,
    reads_orders: Collection[str] = (),
    rehearse: Rehearse | None = None,
    serve_api: bool = True,
) -> FastAPI:
    """With `serve_api` false only health and metrics, for the roles that take no requests."""
    app = FastAPI(
        title="erp-vtex-bridge",
        version="1",
        summary="What an ERP tells a VTEX store, and what became of it.",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        # FastAPI would ask OpenTelemetry at each request whether it is there; our metrics are Prometheus's.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        openapi_url="/openapi.json" if serve_api else None,
    )
    app.state.store, app.state.database = store, store.database
    app.state.authentication = Authentication(
        keys, frozenset(connections), Signatures(intake), failures or Failures()
    )
    app.state.why_kinds_rest = why_kinds_rest
    app.state.hooks, app.state.reads_orders = hooks or HookReceivers({}), frozenset(reads_orders)
    if serve_api:
        _add_api(app)
    app.include_router(health.router())
    _answer_mistakes(app)
    if serve_api:
        app.add_middleware(
            Intake,
            store=store,
            authentication=app.state.authentication,
            max_body_bytes=max_body_bytes,
            bodies=Bodies(max_bytes_in_flight),
            rehearse=rehearse,
        )
    # The last that is added is the outermost.
    app.add_middleware(Admission, most=max_requests, bodies_below=(f"{PREFIX}/", hook.PREFIX))
    app.add_middleware(Measured)
    return app


def openapi_document() -> dict[str, Any]:
    """Our OpenAPI, made without a database or a configuration."""
    database = Database("sqlite+aiosqlite:///never-opened.db")
    return create_app(Store(database), Keys(database), connections=(), max_body_bytes=0).openapi()


def _add_api(app: FastAPI) -> None:
    """Routes are tried in this order."""
    app.include_router(webhooks.router())
    app.include_router(events.router())
    app.include_router(orders.router())
    app.include_router(hook.router())
    app.webhooks.include_router(callbacks.router())
    _add_docs(app)


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
        if app.openapi_schema is None:
            described.complete(generated())
        return generated()

    app.openapi = with_changes  # type: ignore[method-assign]  # FastAPI's own documented way


def _answer_mistakes(app: FastAPI) -> None:
    app.add_exception_handler(Problem, answer_problem)

    @app.exception_handler(ContentRemoved)
    async def removed(_request: Request, error: ContentRemoved) -> JSONResponse:
        return Problem("removed", str(error)).response()

    @app.exception_handler(DatabaseUnavailable)
    async def not_stored(_request: Request, error: DatabaseUnavailable) -> JSONResponse:
        return unavailable(error).response()

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        mistakes = [parameter_mistake(request, each) for each in error.errors()]
        return Problem("invalid-request", mistakes[0].detail, mistakes).response()

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        slug = next((slug for slug, (status, _) in TYPES.items() if status == error.status_code), "not-found")
        asked, headers = f"{request.method} {request.url.path}", dict(error.headers or {})
        detail = {
            404: f"there is nothing at {asked}; the API is described at /docs",
            405: f"{asked} is not possible here, only {headers.get('Allow', 'other methods')}",
        }.get(error.status_code, f"{asked}: {error.detail}")
        return Problem(slug, detail, headers=headers).response()

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        log.error("request.bug", path=request.url.path, exc_info=error)
        return Problem(
            "internal", "this is our mistake, it is in the logs; sending it again is safe"
        ).response()
