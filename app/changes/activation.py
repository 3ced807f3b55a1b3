"""activation: whether a SKU should be active; a goal, kept until VTEX lets it be reached."""

from typing import Any

from pydantic import Field
from uuid_utils.compat import uuid7

from app import metrics
from app.changes import sellable
from app.changes.kind import Code, Kind, Shop, StateChange
from app.changes.sku import sku_id
from app.config import VtexSettings
from app.errors import Refused, Retry, Waiting
from app.queue.folding import fold
from app.queue.lanes import NewEvent, Submission
from app.vtex.catalog import Record


class ActivationChange(StateChange):
    """Whether the shop should sell a SKU. Until VTEX lets it be activated, it waits and says what is missing.

    A SKU of a product that you deactivate is deactivated with it, and comes back with it.
    """

    sku: Code = Field(description="The SKU's code.", examples=["00123456"])
    active: bool = Field(description="Whether the shop should sell it.")

    @property
    def goal(self) -> bool:
        return self.active


class DesiredActivation(ActivationChange):
    active: bool = True
    #: Said by the product alone.
    product_active: bool = True

    @property
    def goal(self) -> bool:
        return self.active and self.product_active


def mapped(change: ActivationChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    return {"IsActive": change.goal}


async def deliver(change: ActivationChange, shop: Shop) -> str | None:
    told = "active" in change.model_fields_set
    if told and "active" not in KIND.owned(change, shop.settings).model_fields_set:
        return "not sent: the configuration leaves it to the store's team whether a SKU is active"
    code, catalog = change.sku, shop.vtex.catalog
    number = await sku_id(shop, code)
    record = await catalog.read_sku(number, code)
    if record is None:
        await shop.bindings.forget("sku", code)
        raise Waiting(f"VTEX no longer has SKU {code}; send it again", on=("sku", code))
    # One that VTEX would activate by itself is not inactive for good.
    would_be = not change.goal and bool(record.get("ActivateIfPossible"))
    if bool(record.get("IsActive")) == change.goal and not would_be:
        return None
    if not change.goal:
        # Else VTEX would activate it again with its next image.
        await catalog.write_sku(number, record | {"IsActive": False, "ActivateIfPossible": False})
        return None
    return await _activate(shop, code, number, record)


async def _activate(shop: Shop, code: str, number: int, record: Record) -> str | None:
    lacks = await sellable.before_activation(shop, code, number, record)
    if lacks:
        raise await _waiting(shop, code, number, lacks, f"missing: {sellable.listed(lacks)}")
    try:
        await shop.vtex.catalog.activate_sku(number, record)
    except Refused as refused:
        raise await _waiting(shop, code, number, [], _refused(record, refused.reason)) from refused
    after = await shop.vtex.catalog.read_sku(number, code)
    if after is None:
        raise Retry(f"VTEX does not show SKU {code} after its activation")
    if not after.get("IsActive"):
        raise await _waiting(shop, code, number, [], _refused(record, "VTEX left it inactive"))
    missing = await sellable.before_sale(shop, code, number)
    return f"active; before it can be sold it needs: {sellable.listed(missing)}" if missing else None


def _refused(record: Record, said: str) -> str:
    """All that can be read is there."""
    kit = "; a kit needs active components" if record.get("IsKit") else ""
    return f"{said}; all that we can read is there{kit}"


async def _waiting(shop: Shop, code: str, number: int, lacks: list[sellable.Lack], why: str) -> Waiting:
    later = await sellable.before_sale(shop, code, number)
    also = f"; before it can be sold it needs also: {sellable.listed(later)}" if later else ""
    on = next((lack.on for lack in lacks if lack.on), None)
    return Waiting(f"SKU {code} cannot be active yet: {why}{also}", on=on)


#: Marks, like a binding, the products whose SKUs were told to be inactive.
_DEACTIVATED = "deactivated-product"


async def follow_product(shop: Shop, product: str, product_id: int, *, active: bool) -> str | None:
    """Set the goal on the SKUs of a product: VTEX leaves them active when it is deactivated.

    Returns what is left to others.
    """
    bindings = shop.bindings
    if active and await bindings.find(_DEACTIVATED, product) is None:
        return None
    if not active:
        await bindings.bind(_DEACTIVATED, product, product_id)
    skus = {int(each["Id"]): each for each in await shop.vtex.catalog.list_skus(product_id)}
    codes = {vtex_id: code for code, vtex_id in (await bindings.bound("sku", skus)).items()}
    events, unknown = [], []
    for vtex_id, sku in skus.items():
        code = codes.get(vtex_id) or sku.get("RefId")
        if not code and sku.get("IsActive") and not active:
            unknown.append(str(vtex_id))
        elif code and await _concerns(shop, code, sku, active=active):
            events.append(_event(code, active=active))
    if events:
        accepted = await shop.store.accept(Submission(shop.connection, tuple(events)))
        if not accepted.repeated:
            metrics.EVENTS_ACCEPTED.labels(shop.connection, KIND.name).inc(len(events))
    if active:
        await bindings.forget(_DEACTIVATED, product)
    if unknown:
        return f"VTEX's SKUs {', '.join(unknown)} of it have no code and stay active: deactivate them there"
    return None


async def _concerns(shop: Shop, code: str, sku: Record, *, active: bool) -> bool:
    """A product comes back to those that went with it; it goes from those that are active, or shall be."""
    lane = await shop.store.read.lane(shop.connection, KIND.name, code)
    went = lane is not None and (lane.desired or {}).get("product_active") is False
    return went if active else not went and (lane is not None or bool(sku.get("IsActive")))


def _event(code: str, *, active: bool) -> NewEvent:
    change = DesiredActivation(sku=code, product_active=active)
    return NewEvent(
        id=uuid7(),
        kind=KIND.name,
        key=KIND.key(change),
        target=KIND.target(change),
        priority=KIND.priority,
        payload=change.payload(),
        fold=KIND.fold,
    )


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {"sku": "00123456", "active": True}

KIND: Kind[ActivationChange] = Kind(
    name="activation",
    example=EXAMPLE,
    change=ActivationChange,
    desired=DesiredActivation,
    key=lambda change: change.sku,
    # It rewrites the SKU.
    target=lambda change: f"sku:{change.sku}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
