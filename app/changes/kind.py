"""What a kind is: one record that says how its changes look, where they go and how they are delivered."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from uuid_utils.compat import uuid7

from app.bindings import Bindings
from app.changes import ownership
from app.changes.absence import Absences
from app.config import VtexSettings
from app.errors import Refused
from app.orders.open_items import OpenOrders
from app.queue.folding import FRESHNESS, Fold
from app.queue.lanes import Claim, NewEvent
from app.queue.store import Store
from app.vtex.store import VtexStore

#: XML 1.0 has no way to write them, so the webservice could not be told; PostgreSQL stores no NUL.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _writable(text: str) -> str:
    if found := _UNWRITABLE.search(text):
        name = "the NUL character" if found[0] == "\x00" else f"the control character U+{ord(found[0]):04X}"
        raise ValueError(f"must not contain {name}")
    return text


def _one_line(code: str) -> str:
    """A line break is a file's missing quote, never a code's."""
    if not _writable(code).isprintable():
        raise ValueError("must not contain line breaks, tabs or other control characters")
    return code


#: VTEX answers 400 with an empty body to a value that ends in a blank.
Text = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_writable)]
#: The ERP's own code of a thing; VTEX calls it RefId.
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_one_line)
]


def _in_every_zone(moment: datetime) -> datetime:
    """An ERP's "never" in its own zone may be no date in UTC, such as 9999-12-31T23:59:59-03:00."""
    try:
        if moment.tzinfo is not None:
            moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no date in UTC: stay a day within the years 0001 to 9999") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_every_zone)]
#: Its zone may be left out.
LooseMoment = Annotated[datetime, AfterValidator(_in_every_zone)]


class Change(BaseModel):
    """What the ERP posts: an absent field means no opinion, null means clear."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def payload(self) -> dict[str, Any]:
        """As it is stored: decimals as strings, only what the ERP mentioned."""
        return self.model_dump(mode="json", exclude_unset=True)


#: Before that a computer's clock was not set; what is later than any ERP's counter fits no database.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_VERSION = 2**63 - 1


def _as_published(schema: dict[str, Any]) -> None:
    """Without defaults; what every kind has stands behind the kind's own."""
    fields = schema["properties"]
    for each in fields.values():
        each.pop("default", None)
    for name in FRESHNESS:
        fields[name] = fields.pop(name)


class StateChange(Change):
    """A change of a state kind: its fields' defaults are never sent, they only stand for "not mentioned"."""

    model_config = ConfigDict(json_schema_extra=_as_published)

    occurred_at: AwareDatetime = Field(
        default=_EPOCH,
        ge=_EPOCH,
        description="When it became so in the ERP, with its zone: what was said of a later moment stays,"
        " in whatever order the changes arrive. Without it and version the order of arrival decides.",
    )
    version: int = Field(
        default=0,
        ge=0,
        le=_MOST_VERSION,
        description="Instead of occurred_at: the ERP's own counter of changes to this entity.",
    )

    @model_validator(mode="after")
    def _fresh_by_one(self) -> Self:
        if self.model_fields_set.issuperset(FRESHNESS):
            raise ValueError("send occurred_at or version, one of them")
        return self


ChangeT = TypeVar("ChangeT", bound=Change)


@dataclass(frozen=True, slots=True)
class Shop:
    """One connection's VTEX side, as the kinds see it."""

    connection: str
    settings: VtexSettings
    vtex: VtexStore
    bindings: Bindings
    #: Where a kind that touches others leaves changes of its own.
    store: Store
    #: What VTEX did not have a moment ago.
    absences: Absences = field(default_factory=Absences)
    #: What stock leaves out, with that policy.
    open_orders: OpenOrders | None = None


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
    #: Returns what is left to do by others, in a sentence, if anything is.
    deliver: Callable[[ChangeT, Shop], Awaitable[str | None]]
    #: State kinds say how a change is laid over the desired state; facts have none.
    fold: Fold | None
    #: Facts: the fields that are ids and amounts. All else is about a person: sealed, and let go of early.
    kept: frozenset[str] = frozenset({"order"})
    #: How the desired state reads, where it can say more than a change.
    desired: type[ChangeT] | None = None
    #: State kinds: the ERP-owned values as VTEX will see them, before any overlay.
    mapped: Callable[[ChangeT, VtexSettings], dict[str, Any]] | None = None
    #: Counted up when `mapped` changes its meaning, so that everything is compared anew.
    mapping_version: int = 1
    #: The ERP's fields that an update writes in express mode; None: all of them.
    express_owns: frozenset[str] | None = None

    def owned(self, change: ChangeT, settings: VtexSettings) -> ChangeT:
        """What an update may write: the other fields are as if the ERP had not mentioned them."""
        kept = ownership.kept_fields(self.name, settings, self.express_owns)
        if kept is None:
            return change
        owned = change.model_copy()
        owned.__pydantic_fields_set__.intersection_update(kept)
        return owned

    def event(self, change: ChangeT) -> NewEvent:
        """A change on its way into the queue."""
        return NewEvent(
            id=uuid7(),
            kind=self.name,
            key=self.key(change),
            target=self.target(change),
            priority=self.priority,
            payload=change.payload(),
            fold=self.fold,
        )

    def ids_and_amounts(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Of a fact: what is kept of it in clear, and for as long as it is known."""
        return {name: value for name, value in payload.items() if name in self.kept}

    def fingerprint(self, change: ChangeT, settings: VtexSettings) -> str | None:
        """Of the ERP-owned values and the mapping's version; facts have none."""
        if self.mapped is None:
            return None
        content = json.dumps(
            [self.mapping_version, self.mapped(change, settings)], sort_keys=True, default=str
        )
        return hashlib.sha256(content.encode()).hexdigest()

    def read(self, claim: Claim) -> ChangeT:
        try:
            return (self.desired or self.change).model_validate(claim.payload)
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
        return self.kind.fingerprint(self.kind.read(claim), self._shop(claim).settings)

    async def deliver(self, claim: Claim) -> str | None:
        return await self.kind.deliver(self.kind.read(claim), self._shop(claim))

    def _shop(self, claim: Claim) -> Shop:
        shop = self.shops.get(claim.connection)
        if shop is None:
            raise Refused(f"the configuration has no connection {claim.connection!r}; add it, then replay")
        return shop
