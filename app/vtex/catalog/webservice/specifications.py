"""The values of products and SKUs in their category's fields, through VTEX's SOAP webservice.

It assigns by the field's name; reading, removing and listed values are REST's. That an insert replaces the
field's values and leaves the other fields alone is assumed: VTEX documents neither.
"""

from collections.abc import Sequence

from app.vtex.catalog import Catalog
from app.vtex.catalog.rest.specification_fields import SpecificationFields
from app.vtex.catalog.rest.specifications import RestSpecifications
from app.vtex.catalog.specifications import Assigned, Field, Owner
from app.vtex.soap import Webservice

_OPERATIONS = {"product": "ProductEspecificationInsert", "sku": "StockKeepingUnitEspecificationInsert"}


class WebserviceSpecifications:
    def __init__(
        self,
        webservice: Webservice,
        catalog: Catalog,
        rest: RestSpecifications,
        fields: SpecificationFields,
    ) -> None:
        self._webservice = webservice
        self._catalog = catalog
        self._rest = rest
        self._fields = fields

    async def read(self, owner: Owner) -> list[Assigned]:
        return await self._rest.read(owner)

    async def assign(
        self,
        owner: Owner,
        field: Field,
        values: Sequence[str],
        present: Sequence[Assigned],
    ) -> None:
        if field.type.has_listed_values:
            for value in values:
                await self._fields.value_id(field, value)
        if len(present) > 1 and owner.kind == "sku":
            await self._rest.remove(owner, field, present[1:])
        await self._webservice.call(
            _OPERATIONS[owner.kind], owner.vtex_id, field.name, {"string": list(values)}
        )

    async def remove(self, owner: Owner, field: Field, present: Sequence[Assigned]) -> None:
        """VTEX known issue: the webservice cannot empty a text."""
        await self._rest.remove(owner, field, present)

    async def reindex(self, owner: Owner) -> None:
        """VTEX known issue: a specification is shown only after its product was written again."""
        if owner.kind == "product":
            product = await self._catalog.read_product(owner.vtex_id, owner.code)
            if product is not None:
                await self._catalog.write_product(owner.vtex_id, product)
            return
        sku = await self._catalog.read_sku(owner.vtex_id, owner.code)
        if sku is not None:
            await self._catalog.write_sku(owner.vtex_id, sku)
