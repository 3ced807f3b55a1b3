"""Which fields the ERP owns: all in complete mode; in express mode some, once the entity is in VTEX."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.config import ConnectionSettings, VtexSettings

if TYPE_CHECKING:
    from app.changes.kind import Kind


def kept_fields(
    kind: str, settings: VtexSettings, express_owns: Collection[str] | None
) -> frozenset[str] | None:
    """None: all of them. `express_owns` is the kind's own list, which the configuration may replace."""
    if settings.mode == "complete":
        return None
    if kind in settings.express_owns:
        return settings.express_owns[kind]
    return None if express_owns is None else frozenset(express_owns)


def mistakes(
    connections: Mapping[str, ConnectionSettings], kinds: Mapping[str, "Kind[Any]"]
) -> Iterator[str]:
    """What the configuration's lists of owned fields name and no kind has."""
    for name, connection in connections.items():
        where = f"connections.{name}.vtex.express_owns"
        for kind, fields in connection.vtex.express_owns.items():
            if kind not in kinds or kinds[kind].fold is None:
                states = ", ".join(each.name for each in kinds.values() if each.fold is not None)
                yield f"{where}.{kind}: there is no such kind of state; they are {states}"
                continue
            unknown = sorted(fields - set(kinds[kind].change.model_fields))
            if unknown:
                yield f"{where}.{kind}: a {kind} has no field {', '.join(unknown)}"
