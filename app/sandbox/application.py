"""The sandbox as one ASGI application: a stand-in VTEX store, a stand-in ERP and their remote control."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from app.sandbox import (
    catalog,
    connecting,
    control,
    erp,
    feed,
    hook,
    logistics,
    oms,
    order_system,
    payments,
    webservice,
)
from app.sandbox.door import Door
from app.sandbox.erp import Erp
from app.sandbox.faults import FaultInjection, Faults
from app.sandbox.journal import Journal
from app.sandbox.pricing import pricing_routes
from app.sandbox.state import Store
from app.sandbox.wire import RefusedError

CALLBACK_SECRET = "whsec_c2FuZGJveC1jYWxsYmFjay1zZWNyZXQtMzItYnl0ZXM="  # nosec B105  # noqa: S105  published, guards nothing


class Sandbox(Starlette):
    """Starlette whose outermost layer is the fault injection (see there why)."""

    def build_middleware_stack(self) -> ASGIApp:
        return FaultInjection(super().build_middleware_stack(), self.state.faults, self.state.journal)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return error.response()


def create_sandbox(
    *,
    account: str = "sandboxstore",
    app_key: str = "sandbox-key",
    app_token: str = "sandbox-token",  # noqa: S107 - the published key of a store that holds nothing
    callback_secret: str = CALLBACK_SECRET,
) -> Starlette:
    """One application for everything; its state is reachable as `app.state`: store, journal, erp, faults."""
    store, journal = Store(account=account, app_key=app_key, app_token=app_token), Journal()
    routes = [
        *pricing_routes(account),
        *logistics.ROUTES,
        *oms.ROUTES,
        *order_system.ROUTES,
        *feed.ROUTES,
        *hook.ROUTES,
        *catalog.ROUTES,
    ]
    app = Sandbox(
        routes=[
            *routes,
            *webservice.ROUTES,
            *payments.ROUTES,
            *erp.ROUTES,
            *connecting.ROUTES,
            *control.ROUTES,
        ],
        middleware=[Middleware(Door, store=store, journal=journal)],
        exception_handlers={RefusedError: _refuse},
    )
    app.state.store, app.state.journal = store, journal
    app.state.erp, app.state.faults = Erp(callback_secret), Faults()
    return app
