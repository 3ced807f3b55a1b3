"""Bindings from a file, for a store that exists already: what is ambiguous is refused, never guessed."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.bindings import Bindings
from app.changes.kind import Code
from app.loading.changes import RefusedLine
from app.loading.lines import Line
from app.queue.store import Store
from app.wording import fields_at, rule

#: What the ERP names by a code of its own and VTEX by an id.
KINDS = ("brand", "category", "product", "sku")
_INT32_MAX = 2**31 - 1
#: Of one look-up and one transaction.
_BATCH = 500


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str
    code: Code
    vtex_id: int = Field(gt=0, le=_INT32_MAX)


@dataclass(slots=True)
class Imported:
    bound: int = 0
    #: Bound so before.
    known: int = 0
    #: Changes that waited for one of them.
    woken: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def _lines_by_id() -> dict[int, list[int]]:
    return defaultdict(list)


@dataclass(slots=True)
class _Wanted:
    """Of one kind: who says what, by line."""

    ids: dict[str, dict[int, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    codes: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def lines(self, code: str) -> Iterator[int]:
        for numbers in self.ids[code].values():
            yield from numbers


async def load_bindings(store: Store, connection: str, lines: Iterable[Line], *, replace: bool) -> Imported:
    """All lines are read before the first is written, so that none of an ambiguous pair is."""
    imported, wanted = Imported(), defaultdict[str, _Wanted](_Wanted)
    for line in lines:
        row = _read(line, imported)
        if row is not None:
            wanted[row.kind].ids[row.code][row.vtex_id].append(line.number)
            wanted[row.kind].codes[row.vtex_id].add(row.code)
    bindings = Bindings(store.database, connection)
    for kind in KINDS:
        if kind in wanted:
            await _import(store, connection, bindings, kind, wanted[kind], imported, replace=replace)
    imported.refused.sort(key=lambda each: each.number)
    return imported


def _read(line: Line, imported: Imported) -> _Row | None:
    try:
        if isinstance(line.content, dict):
            # Of CSV all is text.
            row = _Row.model_validate(line.content)
        else:
            row = _Row.model_validate(json.loads(line.content or b"null"), strict=True)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in each["loc"])
            unknown = f"is no field here; the fields are {fields_at(_Row, ())}"
            reason = unknown if each["type"] == "extra_forbidden" else rule(each)
            imported.refused.append(RefusedLine(line.number, f"/{name}", f"{name} {reason}".strip()))
        return None
    except ValueError:
        imported.refused.append(RefusedLine(line.number, "", "is no JSON object"))
        return None
    if row.kind not in KINDS:
        reason = f"kind must be one of {', '.join(KINDS)}"
        imported.refused.append(RefusedLine(line.number, "/kind", reason))
        return None
    return row


async def _import(
    store: Store,
    connection: str,
    bindings: Bindings,
    kind: str,
    wanted: _Wanted,
    imported: Imported,
    *,
    replace: bool,
) -> None:
    clear = dict(_unambiguous(kind, wanted, imported))
    codes = sorted(clear)
    for start in range(0, len(codes), _BATCH):
        asked = {code: clear[code] for code in codes[start : start + _BATCH]}
        bound = await bindings.bound(kind, asked.values(), asked.keys())
        owners = {vtex_id: code for code, vtex_id in bound.items()}
        new: dict[str, int] = {}
        for code, vtex_id in asked.items():
            reason = _taken(kind, code, vtex_id, bound, owners, replace=replace)
            if reason:
                imported.refused += [RefusedLine(n, "/vtex_id", reason) for n in wanted.lines(code)]
            elif bound.get(code) == vtex_id:
                imported.known += 1
            else:
                new[code] = vtex_id
        if new:
            await bindings.bind_all(kind, new)
            imported.bound += len(new)
            imported.woken += await store.wake(connection, kind, sorted(new))


def _unambiguous(kind: str, wanted: _Wanted, imported: Imported) -> Iterator[tuple[str, int]]:
    for code, ids in wanted.ids.items():
        others = {other for vtex_id in ids for other in wanted.codes[vtex_id]} - {code}
        if len(ids) > 1:
            reason = f"{kind} {code} has several ids in this file: {', '.join(map(str, sorted(ids)))}"
        elif others:
            reason = f"VTEX's {kind} {next(iter(ids))} is {', '.join(sorted(others))} too in this file"
        else:
            yield code, next(iter(ids))
            continue
        imported.refused += [RefusedLine(number, "/vtex_id", reason) for number in wanted.lines(code)]


def _taken(
    kind: str, code: str, vtex_id: int, bound: dict[str, int], owners: dict[int, str], *, replace: bool
) -> str | None:
    owner = owners.get(vtex_id, code)
    if owner != code:
        return f"VTEX's {kind} {vtex_id} is bound to {owner} already; correct the id, or first {owner}'s"
    if bound.get(code, vtex_id) != vtex_id and not replace:
        return f"{kind} {code} is bound to {bound[code]} already; correct the id, or add --replace"
    return None
