"""Specification groups, fields and listed values: made through REST alone, the webservice cannot."""

import time
from typing import Any

from app.config import VtexSettings
from app.errors import Refused, Retry
from app.vtex.catalog import Record
from app.vtex.catalog.specifications import Field, FieldType
from app.vtex.catalog.taxonomy import folded
from app.vtex.rest import Reply, Rest, path

_SYSTEM = "/api/catalog_system"
_CATALOG = "/api/catalog/pvt"
_NOT_FOUND = 404
_KNOWN_SECONDS = 60.0
#: No shop has a deeper tree; VTEX recommends three levels.
_LEVELS = 20


class SpecificationFields:
    """What a category has is remembered shortly: a catalogue's products share a few categories."""

    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._of_category: dict[int, tuple[float, list[Record]]] = {}
        self._fields: dict[int, Field] = {}
        #: By field: value's name, folded → id.
        self._values: dict[int, dict[str, int]] = {}

    async def category_of(self, product_id: int) -> int:
        address = path(_CATALOG + "/product/{id}", id=product_id)
        product = (await self._get("read product", address)).record()
        if not product or not product.get("CategoryId"):
            raise Refused(f"VTEX's product {product_id} has no category; give it one, then replay")
        return int(product["CategoryId"])

    async def find(self, category_id: int, name: str, group: str | None, *, of_skus: bool) -> Field | None:
        """The field of this name that the category has or inherits; what is not remembered is asked anew."""
        for fresh in (False, True):
            matching = [
                await self._field(int(each["FieldId"]))
                for each in await self._listed(category_id, fresh=fresh)
                if folded(each.get("Name")) == folded(name) and bool(each["IsStockKeepingUnit"]) == of_skus
            ]
            found = [each for each in matching if group is None or folded(each.group) == folded(group)]
            if len(found) > 1:
                groups = ", ".join(sorted(each.group for each in found))
                raise Refused(f"the category has several fields named {name}; name the group: {groups}")
            if found:
                return found[0]
        return None

    async def create(
        self, category_id: int, group: str, name: str, kind: FieldType, *, of_skus: bool
    ) -> Field:
        """In a group of the same category, which is made where it is missing; active and not required."""
        group_id = await self._group(category_id, group)
        body = {
            "FieldTypeId": int(kind),
            "CategoryId": category_id,
            "FieldGroupId": group_id,
            "Name": name,
            "IsStockKeepingUnit": of_skus,
            "IsActive": True,
            "IsRequired": False,
            "IsFilter": False,
            "IsOnProductDetails": True,
        }
        self._of_category.clear()
        created = (await self._post("create specification", _CATALOG + "/specification", body)).body
        return Field(_id(created, "Id", "specification"), name, group, kind, of_skus)

    async def value_id(self, field: Field, value: str) -> int:
        """The id of a listed value, which is made where it is missing."""
        place = folded(value)
        if place not in self._values.get(field.field_id, {}):
            address = path(_SYSTEM + "/pub/specification/fieldvalue/{id}", id=field.field_id)
            listed = (await self._get("list specification values", address)).listed() or []
            self._values[field.field_id] = {
                folded(each["Value"]): int(each["FieldValueId"]) for each in reversed(listed)
            }
        known = self._values[field.field_id]
        if place not in known:
            body = {"FieldId": field.field_id, "Name": value, "IsActive": True}
            address = _CATALOG + "/specificationvalue"
            created = (await self._post("create specification value", address, body)).body
            known[place] = _id(created, "FieldValueId", "specification value")
        return known[place]

    async def _group(self, category_id: int, name: str) -> int:
        address = path(_SYSTEM + "/pvt/specification/groupbycategory/{id}", id=category_id)
        for each in (await self._get("list specification groups", address)).listed() or []:
            if folded(each.get("Name")) == folded(name):
                return int(each["Id"])
        body = {"CategoryId": category_id, "Name": name}
        created = await self._post("create specification group", _CATALOG + "/specificationgroup", body)
        return _id(created.body, "Id", "specification group")

    async def _listed(self, category_id: int, *, fresh: bool) -> list[Record]:
        """Of the category and of those above it; VTEX's own tree list leaves out what is between."""
        read_at, known = self._of_category.get(category_id, (float("-inf"), []))
        if not fresh and time.monotonic() - read_at < _KNOWN_SECONDS:
            return known
        address = path(_SYSTEM + "/pub/specification/field/listTreeByCategoryId/{id}", id=category_id)
        found = (await self._get("list specification fields", address)).listed() or []
        for above in await self._above(category_id):
            address = path(_SYSTEM + "/pub/specification/field/listByCategoryId/{id}", id=above)
            found += (await self._get("list specification fields", address)).listed() or []
        distinct = list({each["FieldId"]: each for each in found}.values())
        self._of_category[category_id] = time.monotonic(), distinct
        return distinct

    async def _above(self, category_id: int) -> list[int]:
        above: list[int] = []
        for _ in range(_LEVELS):
            address = path(_CATALOG + "/category/{id}", id=above[-1] if above else category_id)
            father = ((await self._get("read category", address)).record() or {}).get("FatherCategoryId")
            if not father:
                break
            above.append(int(father))
        return above

    async def _field(self, field_id: int) -> Field:
        """Type, group and level of a field cannot be edited in VTEX, so they are remembered for good."""
        if field_id not in self._fields:
            address = path(_SYSTEM + "/pub/specification/fieldGet/{id}", id=field_id)
            found = (await self._get("read specification", address)).record()
            if not found:
                raise Retry(f"VTEX lists the specification {field_id} and does not show it")
            self._fields[field_id] = Field(
                field_id,
                found["Name"],
                found.get("FieldGroupName") or "",
                FieldType(found["FieldTypeId"]),
                bool(found["IsStockKeepingUnit"]),
            )
        return self._fields[field_id]

    async def _get(self, operation: str, address: str) -> Reply:
        return await self._rest.call("catalog", operation, "GET", self._base + address, expected={_NOT_FOUND})

    async def _post(self, operation: str, address: str, body: Record) -> Reply:
        return await self._rest.call("catalog", operation, "POST", self._base + address, json=body)


def _id(created: Any, name: str, what: str) -> int:
    if not isinstance(created, dict) or not created.get(name):
        raise Retry(f"VTEX created a {what} without telling its id; it is looked up next time")
    return int(created[name])
