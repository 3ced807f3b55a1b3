"""The specifications of products and SKUs through VTEX's SOAP webservice.

It writes values. What they are is read through REST, as its lists do not say which values of a field an owner
has; and cleared through REST, as it cannot empty a text (VTEX known issue).
"""

from collections.abc import Sequence

from app.vtex.catalog import Catalog, Record
from app.vtex.catalog.rest.specifications import RestSpecifications
from app.vtex.catalog.specifications import CHOICES, FieldWrite, Owner
from app.vtex.soap import Webservice


class WebserviceSpecifications:
    #: VTEX known issue: what was written is not shown until the product is written too.
    indexed = False

    def __init__(self, webservice: Webservice, catalog: Catalog, rest: RestSpecifications) -> None:
        self._webservice = webservice
        self._catalog = catalog
        self._rest = rest
        self.category_of = rest.category_of
        self.read = rest.read

    async def write(self, owner: Owner, writes: Sequence[FieldWrite], present: Sequence[Record]) -> None:
        await self._rest.write(owner, [each for each in writes if not each.values], present)
        setting = [each for each in writes if each.values]
        if owner.kind == "sku":
            for each in setting:
                await self._insert("StockKeepingUnitEspecificationInsert", owner, each)
            return
        choices = [each for each in setting if each.field.type in CHOICES]
        if len(choices) == 1:
            await self._insert("ProductEspecificationInsert", owner, choices[0])
        elif choices:
            fields = [
                {"fieldId": each.field.field_id, "fieldValues": _strings(each), "productid": owner.vtex_id}
                for each in choices
            ]
            await self._webservice.call(
                "ProductEspecificationInsertByListFieldIds", {"ProductFieldIdDTO": fields}
            )
        for each in setting:
            if each.field.type not in CHOICES:
                arguments = owner.vtex_id, each.field.field_id, each.values[0]
                await self._webservice.call("ProductEspecificationTextInsertByFieldId", *arguments)

    async def _insert(self, operation: str, owner: Owner, write: FieldWrite) -> None:
        """By name as in VTEX's guides, unless the name could mean another field."""
        if write.field.shares_name:
            operation, field = f"{operation}ByFieldId", write.field.field_id
            await self._webservice.call(operation, owner.vtex_id, field, _strings(write))
        else:
            await self._webservice.call(operation, owner.vtex_id, write.field.name, _strings(write))

    async def index(self, owner: Owner) -> None:
        """Send back the record that this kind's target protects: the product, or the SKU of a SKU."""
        if owner.kind == "product":
            product = await self._catalog.read_product(owner.vtex_id, owner.code)
            if product:
                await self._catalog.write_product(owner.vtex_id, product)
            return
        sku = await self._catalog.read_sku(owner.vtex_id, owner.code)
        if sku:
            await self._catalog.write_sku(owner.vtex_id, sku)


def _strings(write: FieldWrite) -> dict[str, list[str]]:
    return {"string": list(write.values)}
