"""The catalogue through VTEX's SOAP webservice (announced to end 2025-09-01; complete for those who have it).

Updates start from what was read and send all members back: what an update does with members left out is not
documented. Prices never go through it.
"""

from datetime import datetime
from typing import Any

from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.rest.similar_categories import RestSimilarCategories
from app.vtex.soap import Webservice, decimal

#: REST's name → the DTO's, where they differ. In the webservice the bare names are the packaged measures.
_SKU_NAMES = {
    "PackagedHeight": "Height",
    "PackagedLength": "Length",
    "PackagedWidth": "Width",
    "PackagedWeightKg": "WeightKg",
    "Height": "RealHeight",
    "Length": "RealLength",
    "Width": "RealWidth",
    "WeightKg": "RealWeightKg",
    "KitItensSellApart": "VenderSeparadamente",
}
_SAME = [
    "CommercialConditionId",
    "CubicWeight",
    "EstimatedDateArrival",
    "InternalNote",
    "IsActive",
    "IsKit",
    "ManufacturerCode",
    "MeasurementUnit",
    "ModalId",
    "ModalType",
    "Name",
    "ProductId",
    "RefId",
    "RewardValue",
    "UnitMultiplier",
]
_SKU_MEMBERS = {**_SKU_NAMES, **{name: name for name in _SAME}}
_PRODUCT_MEMBERS = frozenset(
    "AdWordsRemarketingCode BrandId CategoryId DepartmentId Description DescriptionShort IsActive"
    " IsVisible KeyWords LinkId ListStoreId LomadeeCampaignCode MetaTagDescription Name RefId"
    " ReleaseDate Score ShowWithoutStock SupplierId TaxCode Title".split()
)
_DECIMALS = frozenset(
    "CubicWeight Height Length Width WeightKg RealHeight RealLength RealWidth RealWeightKg"
    " RewardValue UnitMultiplier".split()
)


class WebserviceCatalog:
    def __init__(self, webservice: Webservice, similar_categories: RestSimilarCategories) -> None:
        self._webservice = webservice
        #: It can only add them.
        self._similar_categories = similar_categories

    async def find_product(self, ref_id: str) -> int | None:
        return _found_id(await self._webservice.call("ProductGetByRefId", ref_id))

    async def read_product(self, product_id: int, ref_id: str) -> Record | None:
        by_ref = ("ProductGetByRefId", ref_id) if ref_id else ("ProductGet", product_id)
        found = await self._webservice.call(*by_ref)
        if found is None or _found_id(found) != product_id:
            return None
        return {
            name: value for name, value in found.items() if name in _PRODUCT_MEMBERS and value is not None
        }

    async def read_policies(self, product_id: int, ref_id: str) -> list[int]:
        listed: Any = (await self.read_product(product_id, ref_id) or {}).get("ListStoreId")
        if isinstance(listed, dict):
            listed = listed.get("int")
        return [int(each) for each in listed or ()]

    async def write_product(self, product_id: int | None, record: Record) -> int:
        members = {name: value for name, value in record.items() if name in _PRODUCT_MEMBERS}
        if "TradePolicies" in record:
            members["ListStoreId"] = {"int": record["TradePolicies"]}
        if product_id is not None:
            members["Id"] = product_id
        written = _written(await self._webservice.call("ProductInsertUpdate", members), "product")
        if "SimilarCategories" in record:
            await self._similar_categories.match(
                written, record["SimilarCategories"], add=self._add_similar_category
            )
        return written

    async def _add_similar_category(self, product_id: int, category_id: int) -> None:
        await self._webservice.call("ProductSetSimilarCategory", product_id, category_id)

    async def find_sku(self, ref_id: str) -> int | None:
        return _found_id(await self._webservice.call("StockKeepingUnitGetByRefId", ref_id))

    async def read_sku(self, sku_id: int, ref_id: str) -> Record | None:
        found = await self._webservice.call("StockKeepingUnitGetByRefId", ref_id)
        if found is None or _found_id(found) != sku_id:
            return None
        record = {name: found.get(member) for name, member in _SKU_MEMBERS.items()}
        record["Eans"] = _eans(found)
        if isinstance(arrival := record["EstimatedDateArrival"], datetime):
            # As REST has it: without a zone, to the second.
            record["EstimatedDateArrival"] = arrival.replace(tzinfo=None).isoformat(timespec="seconds")
        return {name: value for name, value in record.items() if value is not None}

    async def read_eans(self, sku_id: int, ref_id: str) -> list[str]:
        eans: list[str] = (await self.read_sku(sku_id, ref_id) or {}).get("Eans", [])
        return eans

    async def write_sku(self, sku_id: int | None, record: Record) -> int:
        members = {_SKU_MEMBERS[name]: value for name, value in record.items() if name in _SKU_MEMBERS}
        members |= {name: decimal(members[name]) for name in _DECIMALS & members.keys()}
        if "Eans" in record:
            members["StockKeepingUnitEans"] = {
                "StockKeepingUnitEanDTO": [{"Ean": ean} for ean in record["Eans"]]
            }
        if sku_id is not None:
            members["Id"] = sku_id
        return _written(await self._webservice.call("StockKeepingUnitInsertUpdate", members), "SKU")

    async def activate_sku(self, sku_id: int, template: Record) -> None:  # noqa: ARG002  REST's way
        await self._webservice.call("StockKeepingUnitActive", sku_id)

    async def list_skus(self, product_id: int) -> list[Record]:
        return await self._webservice.listed("StockKeepingUnitGetAllByProduct", product_id)


def _eans(found: Record) -> list[str] | None:
    listed: Any = found.get("StockKeepingUnitEans")
    if isinstance(listed, dict):
        listed = listed.get("StockKeepingUnitEanDTO")
    return None if listed is None else [each["Ean"] for each in listed if each and each.get("Ean")]


def _id(members: Record | None) -> int | None:
    return int(members["Id"]) if members and members.get("Id") else None


def _found_id(members: Record | None) -> int | None:
    """A reply without an id must not pass for "there is none": a duplicate would be created."""
    if members is not None and not _id(members):
        raise Retry("VTEX webservice answered a search without an id")
    return _id(members)


def _written(members: Record | None, what: str) -> int:
    written = _id(members)
    if written is None:
        raise Retry(
            f"VTEX webservice wrote a {what} without telling its id; it is looked up next time",
            unknown_outcome=True,
        )
    return written
