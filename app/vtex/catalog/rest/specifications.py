"""The values of products and SKUs in their category's fields, through VTEX's Catalog REST API."""

from collections.abc import Sequence

from app.config import VtexSettings
from app.vtex.catalog.rest.specification_fields import SpecificationFields
from app.vtex.catalog.specifications import Assigned, Field, Owner
from app.vtex.catalog.taxonomy import folded
from app.vtex.rest import Rest, path

_PLACES = {"product": "product", "sku": "stockkeepingunit"}
_NOT_FOUND = 404


class RestSpecifications:
    def __init__(self, rest: Rest, settings: VtexSettings, fields: SpecificationFields) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._fields = fields

    async def read(self, owner: Owner) -> list[Assigned]:
        reply = await self._rest.call(
            "catalog", "read specifications", "GET", self._at(owner), expected={_NOT_FOUND}
        )
        return [
            Assigned(int(each["Id"]), int(each["FieldId"]), each.get("Text") or "")
            for each in reply.listed() or []
        ]

    async def assign(
        self, owner: Owner, field: Field, values: Sequence[str], present: Sequence[Assigned]
    ) -> None:
        if owner.kind == "sku":
            await self._assign_sku(owner, field, values[0], present)
            return
        if field.type.has_listed_values:
            for value in values:
                await self._fields.value_id(field, value)
        # It sets all values of the field that it names and leaves the others; it can be repeated.
        address = self._base + path("/api/catalog_system/pvt/products/{id}/specification", id=owner.vtex_id)
        body = [{"Id": field.field_id, "Value": list(values)}]
        await self._rest.call("catalog", "write product specification", "POST", address, json=body)

    async def _assign_sku(self, owner: Owner, field: Field, value: str, present: Sequence[Assigned]) -> None:
        """One value; a race of others may have left several (VTEX known issue): the first is kept."""
        chosen = {"FieldId": field.field_id, "FieldValueId": await self._fields.value_id(field, value)}
        for each in present[1:]:
            await self._delete(owner, each.assigned_id)
        if not present:
            await self._rest.call("catalog", "add SKU specification", "POST", self._at(owner), json=chosen)
        elif folded(present[0].text) != folded(value):
            body = {"Id": present[0].assigned_id, "SkuId": owner.vtex_id, **chosen}
            await self._rest.call("catalog", "write SKU specification", "PUT", self._at(owner), json=body)

    async def remove(self, owner: Owner, field: Field, present: Sequence[Assigned]) -> None:
        if owner.kind == "product" and field.type.has_listed_values:
            # VTEX answers 404 to the association's own id there.
            await self._delete(owner, field.field_id)
            return
        for each in present:
            await self._delete(owner, each.assigned_id)

    async def reindex(self, owner: Owner) -> None:
        """REST's writes are shown by themselves."""

    async def _delete(self, owner: Owner, number: int) -> None:
        address = self._at(owner) + path("/{id}", id=number)
        await self._rest.call("catalog", "remove specification", "DELETE", address, expected={_NOT_FOUND})

    def _at(self, owner: Owner) -> str:
        place = _PLACES[owner.kind]
        return self._base + path(f"/api/catalog/pvt/{place}/{{id}}/specification", id=owner.vtex_id)
