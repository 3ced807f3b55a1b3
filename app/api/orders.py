"""Orders: those that were read from VTEX, each one's journey, and asking for one by hand."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.auth import ImportsOrders, ReadsOrders, ReplaysEvents
from app.api.explained import EventView, event_view
from app.api.problems import AUTHENTICATION, Problem, declared
from app.audit import Action, Deed
from app.changes import KINDS
from app.orders.erasure import ErasedOrders
from app.orders.handling import KIND as HANDLING
from app.orders.hints import Hint, Hints
from app.orders.journey import ledger
from app.orders.references import References
from app.orders.sightings import Sighting, Sightings
from app.orders.telling import KIND as ORDER
from app.queue.store import EventFilter, Store
from app.queue.store.reading import Found

_PROBLEMS = declared(*AUTHENTICATION, "invalid-request", "internal", "unavailable")
_PROBLEMS_OF_ONE = declared(*AUTHENTICATION, "not-found", "invalid-request", "internal", "unavailable")
_PROBLEMS_OF_ERASED = _PROBLEMS_OF_ONE | declared("removed")
#: What the ERP tells of an order, keyed by the order and what is told.
_FACTS = [HANDLING, *(kind.name for kind in KINDS.values() if kind.fold is None)]
#: Its key is the ERP's own; few orders have any.
_OF_FEW = ("order-change",)
#: More than any order has: its statuses, invoices, trackings.
_MOST_STEPS = 500

OrderId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="VTEX's order id.")]


class OrderQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cursor: int | None = Field(default=None, ge=1, le=2**63 - 1, description="From the page before.")
    limit: int = Field(default=100, ge=1, le=500, description="Orders of one page.")


class NoQuery(BaseModel):
    """A parameter that is not read must not seem to be."""

    model_config = ConfigDict(extra="forbid")


class OrderSummary(BaseModel):
    """What is known of an order without its customer."""

    id: str
    status: str = Field(description="VTEX's status in the newest thing that the ERP is told of it.")
    created_at: str | None
    currency: str | None
    total: Decimal | None
    erp_order_ref: str | None = Field(description="The ERP's own number, as it answered to the callback.")
    told: EventView = Field(description="How the telling of that status stands.")


class OrderPage(BaseModel):
    orders: list[OrderSummary] = Field(description="Those that were first read last come first.")
    cursor: int | None = Field(description="Pass it on for the next page; null on the last.")


class LineView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str | None
    vtex_sku_id: int | None
    ordered: int
    invoiced: int
    returned: int
    remaining: int


class LedgerView(BaseModel):
    """What VTEX acknowledged of this connection's invoices."""

    model_config = ConfigDict(from_attributes=True)

    total: Decimal | None
    invoiced: Decimal
    returned: Decimal
    remaining: Decimal | None
    lines: list[LineView]


class StatusSeen(BaseModel):
    status: str | None = Field(description="null where VTEX showed none: the order was incomplete.")
    seen_at: datetime


class OrderView(OrderSummary):
    statuses: list[StatusSeen] = Field(
        description="Each status that VTEX showed, reported or not, when it was first seen."
    )
    journey: list[EventView] = Field(
        description="Each status that the ERP was told, and all that the ERP told of the order, oldest first."
    )
    ledger: LedgerView
    erased_at: datetime | None = Field(
        description="When all of it but ids and amounts was erased, as a person had asked for."
    )


class ImportView(BaseModel):
    order: str
    next: str


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1/orders", tags=["orders"])

    @routes.get("", summary="List the orders that were read", responses=_PROBLEMS)
    async def list_orders(
        request: Request, caller: ReadsOrders, query: Annotated[OrderQuery, Query()]
    ) -> OrderPage:
        """One entry for each order that the ERP is told of, with the newest status of which it is."""
        store, connection = _store(request), caller.connection
        rows = await store.read.newest(connection, ORDER, query.cursor, query.limit + 1)
        page, resting = rows[: query.limit], await request.app.state.why_kinds_rest(connection)
        references = await References(store.database, connection).of([row.key for row in page])
        return OrderPage(
            orders=[OrderSummary(**_summary(row, resting, references)) for row in page],
            cursor=page[-1].lane_id if len(rows) > len(page) else None,
        )

    @routes.get("/{order_id}", summary="Show an order's journey", responses=_PROBLEMS_OF_ONE)
    async def read_order(
        request: Request, caller: ReadsOrders, order_id: OrderId, _query: Annotated[NoQuery, Query()]
    ) -> OrderView:
        """What was read and told of an order, step by step, and what of it is invoiced."""
        store, connection = _store(request), caller.connection
        told = await _told(store, connection, order_id)
        seen = await Sightings(store.database, connection).of(order_id)
        if not told:
            raise _untold(order_id, seen, await Hints(store.database, connection).find(order_id))
        steps = [*told, *await store.read.below(connection, _FACTS, order_id, _MOST_STEPS)]
        steps += await store.read.of_target(connection, _OF_FEW, f"order:{order_id}", _MOST_STEPS)
        resting = await request.app.state.why_kinds_rest(connection)
        invoices = [step for step in steps if step.kind == "invoice"]
        references = await References(store.database, connection).of([order_id])
        return OrderView(
            **_summary(told[0], resting, references),
            statuses=[StatusSeen(status=each.status, seen_at=each.seen_at) for each in seen],
            journey=[event_view(step, resting) for step in sorted(steps, key=lambda step: step.id)],
            ledger=LedgerView.model_validate(ledger(told[0].payload["order"], invoices)),
            erased_at=await ErasedOrders(store.database, connection).when(order_id),
        )

    @routes.post(
        "/{order_id}/import",
        status_code=202,
        summary="Read an order now",
        responses=_PROBLEMS_OF_ERASED,
    )
    async def import_order(
        request: Request, caller: ImportsOrders, order_id: OrderId, _query: Annotated[NoQuery, Query()]
    ) -> ImportView:
        """VTEX is asked for it; if its status is one that is reported and new, the ERP is told."""
        connection = caller.connection
        if connection not in request.app.state.reads_orders:
            raise Problem("not-found", "this connection reads no orders: its configuration has no [erp]")
        if erased_at := await ErasedOrders(_store(request).database, connection).when(order_id):
            raise Problem(
                "removed", f"order {order_id} was erased at {erased_at:%Y-%m-%d}; it is not read again"
            )
        hints = Hints(_store(request).database, connection)
        await hints.put([Hint(order_id, None)], Deed(caller.who, Action.IMPORT))
        return ImportView(
            order=order_id, next=f"the poller reads it within seconds; see GET /v1/orders/{order_id}"
        )

    @routes.post(
        "/{order_id}/resend",
        status_code=202,
        summary="Tell the ERP again",
        responses=_PROBLEMS_OF_ERASED,
    )
    async def resend_order(
        request: Request, caller: ReplaysEvents, order_id: OrderId, _query: Annotated[NoQuery, Query()]
    ) -> EventView:
        """What the ERP was told last is told again: the same body under the same webhook-id."""
        store, connection = _store(request), caller.connection
        told = await _told(store, connection, order_id)
        resend = Deed(caller.who, Action.RESEND)
        if not told or not await store.replay(connection, told[0].id, resend):
            raise _unknown(order_id)
        [newest, *_] = await _told(store, connection, order_id)
        return event_view(newest, await request.app.state.why_kinds_rest(connection))

    return routes


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _told(store: Store, connection: str, order_id: str) -> list[Found]:
    wanted = EventFilter(kind=ORDER, key=order_id, limit=_MOST_STEPS)
    return list(await store.read.events(connection, wanted))


def _summary(row: Found, resting: Any, references: Mapping[str, str]) -> dict[str, Any]:
    order = row.payload["order"]
    return {
        "id": row.key,
        "status": order["status"],
        "created_at": order.get("created_at"),
        "currency": order.get("currency"),
        "total": order.get("total"),
        "erp_order_ref": references.get(row.key),
        "told": event_view(row, resting),
    }


def _untold(order_id: str, seen: list[Sighting], hint: Hint | None) -> Problem:
    if seen:
        status = seen[-1].status or "without a status"
        said = f"VTEX showed order {order_id} {status}; the ERP was told nothing of it yet"
    elif hint is not None and hint.since is not None:
        said = f"VTEX has not shown order {order_id} since {hint.since.isoformat(timespec='seconds')}"
    else:
        return _unknown(order_id)
    if hint is not None and hint.due_at is not None:
        said += f"; it is read again at {hint.due_at.isoformat(timespec='seconds')}"
    return Problem("not-found", said)


def _unknown(order_id: str) -> Problem:
    return Problem(
        "not-found",
        f"order {order_id} was not read on this connection; POST /v1/orders/{order_id}/import asks VTEX",
    )
