"""What a kind is: one record that says how its changes look, where they go and how they are delivered."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from app.bindings import Bindings
from app.changes.absence import Absences
from app.config import VtexSettings
from app.errors import Refused
from app.queue.lanes import Claim, Fold
from app.vtex.store import VtexStore


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


#: VTEX answers 400 with an empty body to a value that ends in a blank.
Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_no_nul)]
#: The ERP's own code of a thing; VTEX calls it RefId.
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_no_nul)
]


class Change(BaseModel):
    """What the ERP posts: an absent field means no opinion, null means clear."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def payload(self) -> dict[str, Any]:
        """As it is stored: decimals as strings, only what the ERP mentioned."""
        return self.model_dump(mode="json", exclude_unset=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for each in schema.get("properties", {}).values():
        each.pop("default", None)


class StateChange(Change):
    """A change of a state kind: its fields' defaults are never sent, they only stand for "not mentioned"."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


ChangeT = TypeVar("ChangeT", bound=Change)


@dataclass(frozen=True, slots=True)
class Shop:
    """One connection's VTEX side, as the kinds see it."""

    connection: str
    settings: VtexSettings
    vtex: VtexStore
    bindings: Bindings
    #: What VTEX did not have a moment ago.
    absences: Absences = field(default_factory=Absences)


@dataclass(frozen=True)
class Kind(Generic[ChangeT]):
    name: str
    #: One change as the API's documentation shows it.
    example: dict[str, Any]
    change: type[ChangeT]
    key: Callable[[ChangeT], str]
    #: The VTEX record that is written; at most one event is in flight for it.
    target: Callable[[ChangeT], str]
    #: 0 orders and invoices, 1 stock, 2 prices, 3 catalogue.
    priority: int
    #: The VTEX API that it writes to: while that rests, the kind is not claimed.
    api: str
    deliver: Callable[[ChangeT, Shop], Awaitable[None]]
    #: State kinds say how a change is laid over the desired state; facts have none.
    fold: Fold | None
    #: State kinds: the ERP-owned values as VTEX will see them, before any overlay.
    mapped: Callable[[ChangeT, VtexSettings], dict[str, Any]] | None = None
    #: Counted up when `mapped` changes its meaning, so that everything is compared anew.
    mapping_version: int = 1

    def read(self, claim: Claim) -> ChangeT:
        try:
            return self.change.model_validate(claim.payload)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refused(
                f"this {self.name} of another version no longer reads: {where}: {first['msg']};"
                " send it again in today's form"
            ) from error


@dataclass(frozen=True, slots=True)
class KindDeliverer(Generic[ChangeT]):
    """Joins a kind to the shops of all connections, for the dispatcher."""

    kind: Kind[ChangeT]
    shops: dict[str, Shop]

    def fingerprint(self, claim: Claim) -> str | None:
        if self.kind.mapped is None:
            return None
        values = self.kind.mapped(self.kind.read(claim), self._shop(claim).settings)
        content = json.dumps([self.kind.mapping_version, values], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    async def deliver(self, claim: Claim) -> None:
        await self.kind.deliver(self.kind.read(claim), self._shop(claim))

    def _shop(self, claim: Claim) -> Shop:
        shop = self.shops.get(claim.connection)
        if shop is None:
            raise Refused(f"the configuration has no connection {claim.connection!r}; add it, then replay")
        return shop
