"""Which budgets a request is paid from: VTEX's published quotas, and adaptive ones where it publishes none.

Sources: VTEX's Catalog API (45,000 requests a minute for each account and 15,000 for each endpoint), Pricing
API (writes 2,000 a minute with 500 burst credits, deletes 1,000 with 300) and Orders API (GET order 6,000 a
minute); all others are undisclosed and vary during the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.config import ConnectionSettings, QuotaSettings, seller_scope
from app.http.bucket import Quota

_ADAPTIVE_SECOND = 60.0


class Call(NamedTuple):
    """A request, as far as budgets and pauses go."""

    connection: str
    api: str
    operation: str
    method: str


@dataclass(frozen=True, slots=True)
class Limit:
    """One bucket: `owner` is a connection, or the first of those that share an account's quota."""

    owner: str
    name: str
    #: None: found out by what the other side answers.
    quota: Quota | None


PUBLISHED: Mapping[str, Quota] = {
    "pricing writes": Quota(2000, 500),
    "pricing deletes": Quota(1000, 300),
    "order reads": Quota(6000),
    "catalog": Quota(45_000),
    "catalog endpoint": Quota(15_000),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The budgets of all connections."""

    #: By connection and name; what is configured goes before what is published.
    configured: Mapping[str, Mapping[str, Quota]] = field(default_factory=dict)
    #: VTEX counts by account: connections to one account share its buckets.
    owners: Mapping[str, str] = field(default_factory=dict)

    def of(self, call: Call) -> tuple[Limit, ...]:
        """All that apply; a request passes each."""
        match call.api, call.operation, call.method:
            case "pricing", _, "DELETE":
                return (self._limit(call, "pricing deletes"),)
            case "pricing", _, "PUT" | "POST" | "PATCH":
                return (self._limit(call, "pricing writes"),)
            case "pricing", _, _:
                return (self._limit(call, "pricing reads"),)
            case "orders", "read order", _:
                return (self._limit(call, "order reads"),)
            case "catalog", operation, _:
                endpoint = self._limit(call, "catalog endpoint")
                return (
                    Limit(endpoint.owner, f"catalog: {operation}", endpoint.quota),
                    self._limit(call, "catalog"),
                )
            case api, _, _:
                return (self._limit(call, api),)

    def _limit(self, call: Call, name: str) -> Limit:
        configured = self.configured.get(call.connection, {})
        owner = call.connection if call.api == "erp" else self.owners.get(call.connection, call.connection)
        return Limit(owner, name, configured.get(name) or PUBLISHED.get(name))


def limits_of(connections: Mapping[str, ConnectionSettings]) -> Limits:
    """What is configured, and which connections share an account."""
    configured: dict[str, dict[str, Quota]] = {}
    accounts: dict[tuple[str, str], str] = {}
    owners: dict[str, str] = {}
    for name, connection in connections.items():
        vtex, budgets = connection.vtex, connection.vtex.budgets
        named = {each: getattr(budgets, each) for each in type(budgets).model_fields}
        named["erp"] = connection.erp and connection.erp.budget
        configured[name] = {
            each.replace("_", " "): _quota(quota) for each, quota in named.items() if quota is not None
        }
        owners[name] = accounts.setdefault((vtex.account, vtex.environment), name)
    for name, connection in connections.items():
        vtex = connection.vtex
        for seller, settings in vtex.sellers.items():
            scope = seller_scope(name, seller)
            owners[scope] = accounts.setdefault((settings.account, vtex.environment), scope)
    return Limits(configured, owners)


def _quota(settings: QuotaSettings) -> Quota:
    return Quota(settings.per_minute, settings.burst)


def adaptive(per_second: float) -> Quota:
    """Where nothing is published: a second's worth may come at once."""
    return Quota(per_second * _ADAPTIVE_SECOND, max(2, round(per_second)))
