"""The specifications of products and SKUs through VTEX's Catalog REST API.

Not by names: that route takes a field for missing which the category inherits, and makes it once more.
"""

from collections.abc import Sequence
from typing import Any

from app.config import VtexSettings
from app.vtex.catalog import Record
from app.vtex.catalog.rest.goods import RestCatalog
from app.vtex.catalog.specifications import CHOICES, FieldWrite, Owner
from app.vtex.rest import Rest, path

_NOUNS = {"product": "product", "sku": "stockkeepingunit"}


class RestSpecifications:
    indexed = True

    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._goods = RestCatalog(rest, settings)

    async def category_of(self, owner: Owner) -> int | None:
        product_id: int | None = owner.vtex_id
        if owner.kind == "sku":
            sku = await self._goods.read_sku(owner.vtex_id, owner.code)
            product_id = sku["ProductId"] if sku else None
        product = await self._goods.read_product(product_id, "") if product_id else None
        return product["CategoryId"] if product else None

    async def read(self, owner: Owner) -> list[Record]:
        operation = f"read {owner.kind} specifications"
        reply = await self._rest.call("catalog", operation, "GET", self._base + _address(owner))
        return reply.listed() or []

    async def write(self, owner: Owner, writes: Sequence[FieldWrite], present: Sequence[Record]) -> None:
        for each in writes:
            if not each.values:
                await self._clear(owner, each, present)
        setting = [each for each in writes if each.values]
        if owner.kind == "product" and setting:
            await self._set_of_product(owner, setting)
        elif owner.kind == "sku":
            for each in setting:
                await self._set_of_sku(owner, each, present)

    async def index(self, owner: Owner) -> None:
        """REST's writes are indexed."""

    async def _set_of_product(self, owner: Owner, writes: Sequence[FieldWrite]) -> None:
        """Each field that is named is replaced, the others stay: the same again does no harm."""
        address = path("/api/catalog_system/pvt/products/{id}/specification", id=owner.vtex_id)
        body = [{"Id": each.field.field_id, "Value": list(each.values)} for each in writes]
        await self._call("write product specifications", "POST", address, body)

    async def _set_of_sku(self, owner: Owner, write: FieldWrite, present: Sequence[Record]) -> None:
        """A second association of a field would be a duplicate: what is there is changed."""
        associations = [each["Id"] for each in _of(write, present)]
        body = {"FieldId": write.field.field_id, "FieldValueId": write.value_ids[0]}
        if not associations:
            await self._call("add sku specification", "POST", _address(owner), body)
            return
        body |= {"Id": associations[0], "SkuId": owner.vtex_id}
        await self._call("update sku specification", "PUT", _address(owner), body)
        for each in associations[1:]:
            await self._remove(owner, each)

    async def _clear(self, owner: Owner, write: FieldWrite, present: Sequence[Record]) -> None:
        """VTEX finds a product's choices by the field, all else by the association."""
        if owner.kind == "product" and write.field.type in CHOICES:
            await self._remove(owner, write.field.field_id)
            return
        for each in _of(write, present):
            await self._remove(owner, each["Id"])

    async def _remove(self, owner: Owner, number: int) -> None:
        """404 is no success: it was read a moment ago, so VTEX would have it under another number."""
        address = _address(owner) + path("/{number}", number=number)
        await self._call(f"remove {owner.kind} specification", "DELETE", address)

    async def _call(self, operation: str, method: str, address: str, body: Any = None) -> None:
        await self._rest.call("catalog", operation, method, self._base + address, json=body)


def _address(owner: Owner) -> str:
    return path(f"/api/catalog/pvt/{_NOUNS[owner.kind]}/{{id}}/specification", id=owner.vtex_id)


def _of(write: FieldWrite, present: Sequence[Record]) -> list[Record]:
    return [each for each in present if each["FieldId"] == write.field.field_id]
