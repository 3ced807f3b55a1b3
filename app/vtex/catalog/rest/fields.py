"""Groups, fields and values of specifications: through REST for both codecs, the webservice makes none."""

import asyncio
import time
from typing import Any

from app.config import VtexSettings
from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.specifications import TYPE_IDS, TYPES, SpecificationField
from app.vtex.catalog.taxonomy import Taxonomy, folded
from app.vtex.rest import Reply, Rest, path

_PVT = "/api/catalog/pvt"
_LISTS = "/api/catalog_system/pub/specification"
_GROUPS = "/api/catalog_system/pvt/specification/groupbycategory/{category}"
_LIFE_SECONDS = 60.0
#: What VTEX wants or shows and the ERP has no opinion of; required, a SKU's field would disable SKUs.
_NEW_FIELD = {"IsActive": True, "IsRequired": False, "IsFilter": False, "IsOnProductDetails": True}


class RestFields:
    """Only what was found is believed for a while; what is missing is looked for anew."""

    def __init__(self, rest: Rest, settings: VtexSettings, categories: Taxonomy) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._categories = categories
        self._kept: dict[tuple[str, int], tuple[float, Any]] = {}
        #: VTEX's lists may lag behind: what was made here is known at once, by field id.
        self._made: dict[int, Record] = {}
        self._made_values: dict[int, dict[str, int]] = {}
        #: VTEX takes a second field or value of the same name, so they are made one after the other.
        self.creating = asyncio.Lock()

    async def named(self, category_id: int, name: str) -> list[SpecificationField]:
        """The fields of this name that the category has or inherits, of products and of SKUs."""
        listed: list[Record] | None = self._known("listed", category_id)
        if listed is None:
            listed = await self.refresh(category_id)
        same = [each for each in listed if folded(each["Name"]) == folded(name)]
        return [await self._described(each, shares_name=len(same) > 1) for each in same]

    async def required_of_skus(self, category_id: int) -> dict[int, str]:
        """The active fields that its SKUs must have filled before they can be active: id → name."""
        known: dict[int, str] | None = self._known("required", category_id)
        if known is None:
            known = {}
            for each in await self.refresh(category_id):
                if each.get("IsStockKeepingUnit") and each.get("IsActive"):
                    number = int(each["FieldId"])
                    reply = await self._get(
                        "read specification field", _PVT + "/specification/{id}", id=number
                    )
                    if (reply.record() or {}).get("IsRequired"):
                        known[number] = each["Name"]
            self._keep("required", category_id, known)
        return known

    async def refresh(self, category_id: int) -> list[Record]:
        """What was not found may have been made since."""
        listed: list[Record] = self._keep("listed", category_id, await self._listed(category_id))
        return listed

    async def values(self, field_id: int, *, fresh: bool = False) -> dict[str, int]:
        """The ids of a choice's values, by their names."""
        known: dict[str, int] | None = self._known("values", field_id)
        if known is None or fresh:
            reply = await self._get("list specification values", _LISTS + "/fieldvalue/{id}", id=field_id)
            # Of two of one name the first stays.
            listed = reversed(reply.listed() or [])
            names = {each["Value"]: int(each["FieldValueId"]) for each in listed}
            known = self._keep("values", field_id, self._made_values.get(field_id, {}) | names)
        return known

    async def create(
        self, category_id: int, group: str, name: str, field_type: str, *, of_skus: bool
    ) -> None:
        """Make it in the category itself, with the group if that is missing there."""
        field = {"FieldTypeId": TYPE_IDS[field_type], "CategoryId": category_id, "Name": name}
        field |= {"FieldGroupId": await self._group(category_id, group), "IsStockKeepingUnit": of_skus}
        body = await self._post("create specification field", "/specification", field | _NEW_FIELD)
        made = _id(body, "Id", "specification field")
        listed = {"FieldId": made, "Name": name, "CategoryId": category_id}
        self._made[made] = listed | {"IsStockKeepingUnit": of_skus, "IsActive": True}
        if (kept := self._known("listed", category_id)) is not None:
            kept.append(self._made[made])

    async def create_value(self, field_id: int, name: str) -> int:
        value = {"FieldId": field_id, "Name": name, "IsActive": True}
        body = await self._post("create specification value", "/specificationvalue", value)
        made = _id(body, "FieldValueId", "specification value")
        self._made_values.setdefault(field_id, {})[name] = made
        if (kept := self._known("values", field_id)) is not None:
            kept[name] = made
        return made

    async def _group(self, category_id: int, name: str) -> int:
        """VTEX takes a field into a group of the same category alone, an inherited group is none."""
        listed = (await self._get("list specification groups", _GROUPS, category=category_id)).listed() or []
        for group in listed:
            if group.get("CategoryId") == category_id and folded(group["Name"]) == folded(name):
                return int(group["Id"])
        group = {"CategoryId": category_id, "Name": name}
        body = await self._post("create specification group", "/specificationgroup", group)
        return _id(body, "Id", "specification group")

    async def _listed(self, category_id: int) -> list[Record]:
        """Its own fields and the root's, then those of its parents."""
        found = await self._list("/field/listTreeByCategoryId/{id}", category_id)
        categories = {category_id}
        father = await self._father(category_id)
        while father is not None and father not in categories:
            found = await self._list("/field/listByCategoryId/{id}", father) | found
            categories.add(father)
            father = await self._father(father)
        ours = {number: made for number, made in self._made.items() if made["CategoryId"] in categories}
        return list((ours | found).values())

    async def _list(self, address: str, category_id: int) -> dict[int, Record]:
        reply = await self._get("list specification fields", _LISTS + address, id=category_id)
        return {int(each["FieldId"]): each for each in reply.listed() or []}

    async def _father(self, category_id: int) -> int | None:
        category = await self._categories.read(category_id)
        return category.get("FatherCategoryId") if category else None

    async def _described(self, listed: Record, *, shares_name: bool) -> SpecificationField:
        field_id = int(listed["FieldId"])
        details = self._known("field", field_id)
        if details is None:
            reply = await self._get("read specification field", _PVT + "/specification/{id}", id=field_id)
            field = reply.record() or {}
            group_id = _id(field, "FieldGroupId", "specification field", made=False)
            reply = await self._get("read specification group", _LISTS + "/groupGet/{id}", id=group_id)
            group = reply.record() or {}
            details = self._keep("field", field_id, (field["FieldTypeId"], group.get("Name") or ""))
        type_id, group_name = details
        return SpecificationField(
            field_id=field_id,
            name=listed["Name"],
            type=TYPES.get(type_id, f"{type_id} (FieldTypeId)"),
            group=group_name,
            category_id=listed.get("CategoryId"),
            of_skus=bool(listed.get("IsStockKeepingUnit")),
            active=bool(listed.get("IsActive")),
            shares_name=shares_name,
        )

    def _known(self, what: str, number: int) -> Any:
        until, value = self._kept.get((what, number), (0.0, None))
        return value if time.monotonic() < until else None

    def _keep(self, what: str, number: int, value: Any) -> Any:
        self._kept[what, number] = time.monotonic() + _LIFE_SECONDS, value
        return value

    async def _get(self, operation: str, address: str, **values: int) -> Reply:
        return await self._rest.call("catalog", operation, "GET", self._base + path(address, **values))

    async def _post(self, operation: str, address: str, body: Record) -> Any:
        reply = await self._rest.call("catalog", operation, "POST", self._base + _PVT + address, json=body)
        return reply.body


def _id(body: Any, name: str, what: str, *, made: bool = True) -> int:
    if not isinstance(body, dict) or not body.get(name):
        done = f"created a {what} without telling its id; it is looked up next time"
        raise Retry(f"VTEX {done if made else f'answered a {what} without {name}'}", unknown_outcome=made)
    return int(body[name])
