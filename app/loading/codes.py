"""The bindings of a store that exists already: which of the ERP's codes is which of VTEX's ids.

The whole file is looked at before anything is written: what is ambiguous is told only by all its lines.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from app.bindings import Bindings
from app.loading.changes import Loaded
from app.loading.lines import Line
from app.queue.store import Store

#: The kinds whose records in VTEX are found by a binding.
BOUND_KINDS = ("brand", "category", "product", "sku", "service")
_COLUMNS = ("kind", "code", "vtex_id")
_INT32_MAX = 2**31 - 1
_LONGEST_CODE = 200
#: Bindings that one transaction reads or writes.
_AT_ONCE = 500

Pair = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    kind: str
    code: str
    vtex_id: int


class _MistakenError(Exception):
    pass


@dataclass
class CodesLoading:
    store: Store
    connection: str
    bindings: Bindings
    replace: bool
    refused: Callable[[int, str], None]
    moved: Callable[[int], None]
    loaded: Loaded = field(default_factory=Loaded)

    async def load(self, lines: Iterable[Line]) -> Loaded:
        rows = self._distinct(self._read(lines))
        for kind in BOUND_KINDS:
            await self._load_kind(kind, [row for row in rows if row.kind == kind])
        return self.loaded

    def _read(self, lines: Iterable[Line]) -> Iterator[Row]:
        for line in lines:
            self.moved(line.position)
            try:
                yield _row(line)
            except _MistakenError as error:
                self._refuse(line.number, str(error))

    def _distinct(self, rows: Iterable[Row]) -> list[Row]:
        first: dict[tuple[str, str, int], Row] = {}
        for row in rows:
            known = first.setdefault((row.kind, row.code, row.vtex_id), row)
            if known is not row:
                self._refuse(row.line, f"line {known.line} says the same")
        return list(first.values())

    async def _load_kind(self, kind: str, rows: list[Row]) -> None:
        by_code, by_id = defaultdict[str, list[Row]](list), defaultdict[int, list[Row]](list)
        for row in rows:
            by_code[row.code].append(row)
            by_id[row.vtex_id].append(row)
        refused = set(self._ambiguous(kind, by_code, by_id))
        clear = [row for row in rows if row.line not in refused]
        told = {row.code: row.vtex_id for row in clear}
        for start in range(0, len(clear), _AT_ONCE):
            part = clear[start : start + _AT_ONCE]
            bound, owners = await self.bindings.known(
                kind, [row.code for row in part], [row.vtex_id for row in part]
            )
            wanted = [row for row in part if self._may_be_bound(row, bound, owners, told)]
            await self.bindings.bind_all(kind, {row.code: row.vtex_id for row in wanted})
            await self.store.arrived(self.connection, kind, [row.code for row in wanted])
            self.loaded.accepted += len(wanted)

    def _ambiguous(
        self, kind: str, by_code: dict[str, list[Row]], by_id: dict[int, list[Row]]
    ) -> Iterator[int]:
        """Nothing of a group that contradicts itself is bound: whoever shares a code or an id with it."""
        seen: set[int] = set()
        for rows in (*by_code.values(), *by_id.values()):
            if len(rows) == 1 or rows[0].line in seen:
                continue
            group, found = {}, list(rows)
            while found:
                row = found.pop()
                if row.line not in group:
                    group[row.line] = row
                    found += [*by_code[row.code], *by_id[row.vtex_id]]
            seen |= group.keys()
            for line, row in sorted(group.items()):
                others = ", ".join(str(other) for other in sorted(group) if other != line)
                self._refuse(
                    line,
                    f"{kind} {row.code} and VTEX's id {row.vtex_id} are not said alike in lines"
                    f" {others}; keep the one that is right",
                )
                yield line

    def _may_be_bound(
        self, row: Row, bound: dict[str, int], owners: dict[int, list[str]], told: dict[str, int]
    ) -> bool:
        present = bound.get(row.code, row.vtex_id)
        if present != row.vtex_id and not self.replace:
            self._refuse(
                row.line,
                f"code: {row.kind} {row.code} is bound to {present} already; --replace binds it anew",
            )
            return False
        for owner in owners.get(row.vtex_id, ()):
            leaves = self.replace and told.get(owner, row.vtex_id) != row.vtex_id
            if owner != row.code and not leaves:
                self._refuse(
                    row.line,
                    f"vtex_id: {row.vtex_id} is bound to {row.kind} {owner} already;"
                    f" say in the same file which id {owner} is, with --replace",
                )
                return False
        return True

    def _refuse(self, number: int, reason: str) -> None:
        self.loaded.refused += 1
        self.refused(number, reason)


def _row(line: Line) -> Row:
    if line.mistake:
        raise _MistakenError(line.mistake)
    members: dict[str, object]
    if isinstance(line.content, bytes):
        try:
            members = msgspec.json.decode(line.content, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _MistakenError(f"the line is not valid JSON: {error}") from None
    else:
        members = dict(line.content)
    unknown = sorted(members.keys() - set(_COLUMNS))
    if unknown:
        raise _MistakenError(f"{unknown[0]} is no field here; the fields are {', '.join(_COLUMNS)}")
    kind, code = members.get("kind"), members.get("code")
    if kind not in BOUND_KINDS:
        raise _MistakenError(f"kind: {kind!r} has no bindings; those that have are {', '.join(BOUND_KINDS)}")
    code = code.strip() if isinstance(code, str) else ""
    if not code or len(code) > _LONGEST_CODE or "\x00" in code:
        raise _MistakenError(f"code: must be a text of 1 to {_LONGEST_CODE} characters")
    return Row(line.number, str(kind), code, _vtex_id(members.get("vtex_id")))


def _vtex_id(value: object) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= _INT32_MAX:
        raise _MistakenError(f"vtex_id: must be a whole number from 1 to {_INT32_MAX}")
    return number
