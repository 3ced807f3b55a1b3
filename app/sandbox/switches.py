"""The switches of the store and of the ERP, as the remote control sets and shows them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.sandbox.erp import Erp
from app.sandbox.quota import Bucket, PricingQuota
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Json, Record, RefusedError, is_integer, is_number, read_object


def _quota(value: object) -> PricingQuota | None:
    if value is None or value is False:
        return None
    if value is True:
        return PricingQuota()
    if not isinstance(value, dict) or not all(is_integer(each) and each > 0 for each in value.values()):
        raise RefusedError(400, "pricing_quota must be true, null or {per_minute, burst}")
    return PricingQuota(writes=Bucket(value.get("per_minute", 2000), value.get("burst", 500)))


def number(value: Any) -> float:
    if not is_number(value):
        raise RefusedError(400, "The switch must be a number")
    return float(value)


def _or_none(value: object) -> int | None:
    return None if value is None else int(number(value))


def _per_second(value: object) -> Bucket | None:
    """What a second leaves unused is good for the next one only."""
    if value is None:
        return None
    rate = number(value)
    if rate <= 0:
        raise RefusedError(400, "per_second must be above 0, or null")
    return Bucket(rate * 60, max(2, math.ceil(rate)))


SWITCHES: Mapping[str, Callable[[object], object]] = {
    "pricing_quota": _quota,
    "stock_write_seconds": number,
    "list_lag_seconds": number,
    "cancel_in_two_steps": bool,
    "feed_duplicate_ratio": number,
    "feed_repeat_ratio": number,
    "webservice_unknown_member": bool,
    "clock_offset_seconds": number,
    "change_seconds": number,
    "change_fails": lambda value: None if value is None else str(value),
}
ERP_SWITCHES: Mapping[str, Callable[[object], object]] = {
    "fail_next": lambda value: int(number(value)),
    "delay_seconds": number,
    "respond": _or_none,
    "per_second": _per_second,
    "max_concurrent": _or_none,
    "overloaded_status": lambda value: int(number(value)),
}


def _switch(target: Store | Erp, switches: Mapping[str, Callable[[object], object]], body: Record) -> None:
    unknown = sorted(body.keys() - switches.keys())
    if unknown:
        raise RefusedError(400, f"Unknown: {unknown}; there are {sorted(switches)}")
    for name, value in {name: switches[name](value) for name, value in body.items()}.items():
        setattr(target, name, value)


async def settings(request: Request) -> Response:
    store = store_of(request)
    if request.method == "POST":
        _switch(store, SWITCHES, await read_object(request))
    values = {name: getattr(store, name) for name in SWITCHES}
    return Json(values | {"pricing_quota": store.pricing_quota is not None})


async def get_erp(request: Request) -> Response:
    erp: Erp = request.app.state.erp
    switches = {name: getattr(erp, name) for name in ERP_SWITCHES}
    switches |= {"per_second": erp.per_second and erp.per_second.per_minute / 60}
    received = {"received": list(erp.received.values()), "deliveries": erp.deliveries}
    return Json(received | {"repeats": erp.repeats, "pings": erp.pings} | switches)


async def post_erp(request: Request) -> Response:
    _switch(request.app.state.erp, ERP_SWITCHES, await read_object(request))
    return await get_erp(request)
