"""Why a request does not go out, in a sentence for a person."""

from datetime import UTC, datetime, timedelta

from app.errors import Paused
from app.http.budgets import Spent
from app.http.limits import Call
from app.http.shared import Cause, Pause

#: The scope of what concerns all of a connection's VTEX APIs.
ALL_OF_VTEX = "vtex"
ERP = "erp"


def who(scope: str) -> str:
    if scope == ERP:
        return "the ERP's callback"
    api, _, operation = scope.partition("/")
    return "VTEX" if scope == ALL_OF_VTEX else f"VTEX {api}" + (f" ({operation})" if operation else "")


def resting(pause: Pause, seconds: float) -> Paused:
    said = f"the app key {pause.said}" if pause.cause is Cause.FORBIDDEN else f"it {pause.said}"
    reason = f"{who(pause.scope)} is paused until {_clock(seconds)}: {said}"
    return Paused(reason, after=timedelta(seconds=seconds))


def used_up(call: Call, spent: Spent) -> Paused:
    quota = spent.limit.quota
    figure = f" of {quota.per_minute:g} requests a minute" if quota else ""
    reason = f"{who(call.api)}: the quota{figure} ({spent.limit.name}) is used up until {_clock(spent.after)}"
    return Paused(reason, after=timedelta(seconds=spent.after))


def _clock(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S} UTC"
