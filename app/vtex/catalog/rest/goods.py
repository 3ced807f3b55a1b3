"""The catalogue through VTEX's Catalog REST API."""

from decimal import Decimal
from typing import Any

from app.config import VtexSettings
from app.errors import Retry
from app.vtex.catalog import Record
from app.vtex.catalog.rest.similar_categories import RestSimilarCategories
from app.vtex.rest import Reply, Rest, path

#: What PUT accepts: GET returns more (Id, …), and an unknown name has no documented effect.
PRODUCT_FIELDS = frozenset(
    "Name DepartmentId CategoryId BrandId LinkId RefId IsVisible Description DescriptionShort"
    " ReleaseDate KeyWords Title IsActive TaxCode MetaTagDescription SupplierId ShowWithoutStock"
    " AdWordsRemarketingCode LomadeeCampaignCode Score".split()
)
SKU_FIELDS = frozenset(
    "ProductId IsActive ActivateIfPossible Name RefId PackagedHeight PackagedLength PackagedWidth"
    " PackagedWeightKg Height Length Width WeightKg CubicWeight IsKit CreationDate RewardValue"
    " EstimatedDateArrival ManufacturerCode CommercialConditionId MeasurementUnit UnitMultiplier"
    " ModalType KitItensSellApart Videos".split()
)
#: Of a product, but with routes of their own.
_BESIDE = frozenset({"TradePolicies", "SimilarCategories"})
_NOT_FOUND = 404
_CATALOG = "/api/catalog/pvt"
_LOOKUP = "/api/catalog_system/pvt"


class RestCatalog:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base
        self._similar_categories = RestSimilarCategories(rest, settings)

    async def find_product(self, ref_id: str) -> int | None:
        # VTEX answers 200 with a body of null when there is none (known issue, "No Fix").
        address = path(_LOOKUP + "/products/productgetbyrefid/{ref}", ref=ref_id)
        return _found_id(await self._get("find product", address))

    async def read_product(self, product_id: int, ref_id: str) -> Record | None:  # noqa: ARG002  webservice's key
        reply = await self._get("read product", path(_CATALOG + "/product/{id}", id=product_id))
        return _known(reply, PRODUCT_FIELDS)

    async def write_product(self, product_id: int | None, record: Record) -> int:
        body = {name: value for name, value in record.items() if name not in _BESIDE}
        if product_id is None:
            product_id = _created(
                await self._call("create product", "POST", _CATALOG + "/product", body), "product"
            )
        else:
            await self._call("update product", "PUT", path(_CATALOG + "/product/{id}", id=product_id), body)
        if "TradePolicies" in record:
            await self._match_policies(product_id, record["TradePolicies"])
        if "SimilarCategories" in record:
            await self._similar_categories.match(product_id, record["SimilarCategories"])
        return product_id

    async def read_policies(self, product_id: int, ref_id: str = "") -> list[int]:  # noqa: ARG002  webservice's key
        policies = path(_CATALOG + "/product/{id}/salespolicy", id=product_id)
        listed = (await self._get("read trade policies", policies)).listed() or []
        return [int(each["StoreId"]) for each in listed]

    async def _match_policies(self, product_id: int, wanted: list[int]) -> None:
        policies = path(_CATALOG + "/product/{id}/salespolicy", id=product_id)
        present = await self.read_policies(product_id)
        for policy in wanted:
            if policy not in present:
                await self._call("add trade policy", "POST", policies + path("/{policy}", policy=policy))
        for policy in present:
            if policy not in wanted:
                await self._call("remove trade policy", "DELETE", policies + path("/{policy}", policy=policy))

    async def find_sku(self, ref_id: str) -> int | None:
        return _found_id(await self._get("find sku", _CATALOG + "/stockkeepingunit", {"RefId": ref_id}))

    async def read_sku(self, sku_id: int, ref_id: str) -> Record | None:  # noqa: ARG002  webservice's key
        # Not by RefId: that answer always has empty Videos, which a PUT would then erase (known issue).
        reply = await self._get("read sku", path(_CATALOG + "/stockkeepingunit/{id}", id=sku_id))
        return _known(reply, SKU_FIELDS)

    async def write_sku(self, sku_id: int | None, record: Record) -> int:
        body = {name: _whole(value) for name, value in record.items() if name != "Eans"}
        if sku_id is None:
            sku_id = _created(
                await self._call("create sku", "POST", _CATALOG + "/stockkeepingunit", body), "SKU"
            )
        else:
            await self._call("update sku", "PUT", path(_CATALOG + "/stockkeepingunit/{id}", id=sku_id), body)
        if "Eans" in record:
            await self._match_eans(sku_id, record["Eans"])
        return sku_id

    async def activate_sku(self, sku_id: int, template: Record) -> None:
        await self.write_sku(sku_id, template | {"IsActive": True})

    async def list_skus(self, product_id: int) -> list[Record]:
        address = path(_LOOKUP + "/sku/stockkeepingunitByProductId/{id}", id=product_id)
        return (await self._get("list skus of product", address)).listed() or []

    async def read_eans(self, sku_id: int, ref_id: str = "") -> list[str]:  # noqa: ARG002  webservice's key
        eans = path(_CATALOG + "/stockkeepingunit/{id}/ean", id=sku_id)
        return (await self._get("read eans", eans)).listed() or []

    async def _match_eans(self, sku_id: int, wanted: list[str]) -> None:
        """EANs cannot be updated: those missing are added, those no longer wanted are removed."""
        eans = path(_CATALOG + "/stockkeepingunit/{id}/ean", id=sku_id)
        present = await self.read_eans(sku_id)
        for ean in wanted:
            if ean not in present:
                await self._call("add ean", "POST", eans + path("/{ean}", ean=ean))
        for ean in present:
            if ean not in wanted:
                await self._call("remove ean", "DELETE", eans + path("/{ean}", ean=ean))

    async def _get(self, operation: str, address: str, query: dict[str, str | int] | None = None) -> Reply:
        return await self._rest.call(
            "catalog", operation, "GET", self._base + address, query=query, expected={_NOT_FOUND}
        )

    async def _call(self, operation: str, method: str, address: str, body: Record | None = None) -> Any:
        reply = await self._rest.call("catalog", operation, method, self._base + address, json=body)
        return reply.body


def _found_id(reply: Reply) -> int | None:
    """An answer that cannot be read must not pass for "there is none": a duplicate would be created."""
    found = reply.record()
    if found is None:
        return None
    if not _id(found):
        raise Retry(f"{reply.where} answered without an id")
    return _id(found)


def _id(body: Any) -> int | None:
    return int(body["Id"]) if isinstance(body, dict) and body.get("Id") else None


def _whole(value: Any) -> Any:
    """550.0 as 550: VTEX reads weights back with a fraction that its own schema refuses."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _created(body: Any, what: str) -> int:
    created = _id(body)
    if created is None:
        raise Retry(
            f"VTEX created a {what} without telling its id; it is looked up next time", unknown_outcome=True
        )
    return created


def _known(reply: Reply, names: frozenset[str]) -> Record | None:
    """Only what PUT accepts, without nulls: VTEX returns nulls that its own PUT refuses."""
    body = reply.record()
    return body and {name: value for name, value in body.items() if name in names and value is not None}
