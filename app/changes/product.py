"""product: a product of the catalogue, found by its RefId."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from app.changes.activation import follow_product
from app.changes.alternatives import drop_oldest
from app.changes.kind import Code, Kind, LooseMoment, Shop, StateChange, Text
from app.changes.record import Access, bring
from app.changes.taxonomy import LegacyCode, vtex_id_of
from app.config import VtexSettings
from app.errors import Refused
from app.queue.folding import Folded, Registers, Saying, Values, fold
from app.vtex.catalog import Record, overlay

#: Either the ERP's code or VTEX's id: what was said last counts.
_ALTERNATIVES = (("brand", "brand_id"), ("category", "category_id"))


def _distinct(policies: list[int]) -> list[int]:
    if len(set(policies)) != len(policies):
        raise ValueError("holds a trade policy twice")
    return policies


def _named_once(categories: list[str]) -> list[str]:
    if len(set(categories)) != len(categories):
        raise ValueError("holds a category twice; name each once")
    return categories


class ProductChange(StateChange):
    """How a product should look. Its brand and category by the ERP's codes, or by VTEX's ids.

    The first change of a product needs name, brand and category; in express mode the name alone, because the
    configured defaults go before what the change names.
    """

    code: Code = Field(description="The ERP's code: VTEX's RefId.", examples=["1234567890"])
    name: Annotated[Text, Field(min_length=1, max_length=150)] = Field(
        default="", description="At most 150 characters."
    )
    brand: Code = Field(default="", description="The code of its brand, which may still be on its way.")
    brand_id: int = Field(default=0, gt=0, description="Instead of brand: VTEX's id of it.")
    category: Code = Field(
        default="", description="The code of its deepest category, which may still be on its way."
    )
    category_id: int = Field(default=0, gt=0, description="Instead of category: VTEX's id of it.")
    department_id: int | None = Field(default=None, gt=0, description="VTEX's id of the department.")
    description: Text | None = None
    short_description: Text | None = None
    keywords: Text | None = Field(default=None, description="Separated by commas.")
    title: Annotated[Text, Field(max_length=150)] | None = Field(
        default=None, description="For search engines."
    )
    meta_description: Text | None = None
    link_id: Text | None = Field(
        default=None, description="The address in the shop; VTEX makes one from the name."
    )
    tax_code: Annotated[Text, Field(max_length=50)] | None = None
    release_date: LooseMoment | None = None
    score: int | None = None
    active: bool = Field(default=False, description="Whether the shop may sell it.")
    visible: bool = Field(default=False, description="Whether it is listed.")
    show_without_stock: bool = False
    trade_policies: Annotated[
        list[Annotated[int, Field(gt=0)]], Field(min_length=1, max_length=100), AfterValidator(_distinct)
    ] = Field(
        default=[],
        description="VTEX's ids of all trade policies that it is sold in: it is taken out of the others. VTEX"
        " puts a new product into its main policy, 1.",
    )
    similar_categories: Annotated[list[Code], Field(max_length=100), AfterValidator(_named_once)] | None = (
        Field(
            default=None,
            description="The codes of all further categories that show it: it is taken out of the others.",
        )
    )
    supplier_id: int | None = Field(default=None, gt=0)
    adwords_remarketing_code: LegacyCode | None = None
    lomadee_campaign_code: LegacyCode | None = None

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        for code, vtex_id in _ALTERNATIVES:
            if {code, vtex_id} <= self.model_fields_set:
                raise ValueError(f"send {code} or {vtex_id}, one of them")
        return self


_VTEX_NAMES = {
    "code": "RefId",
    "name": "Name",
    "brand_id": "BrandId",
    "category_id": "CategoryId",
    "department_id": "DepartmentId",
    "description": "Description",
    "short_description": "DescriptionShort",
    "keywords": "KeyWords",
    "title": "Title",
    "meta_description": "MetaTagDescription",
    "link_id": "LinkId",
    "tax_code": "TaxCode",
    "release_date": "ReleaseDate",
    "score": "Score",
    "active": "IsActive",
    "visible": "IsVisible",
    "show_without_stock": "ShowWithoutStock",
    "trade_policies": "TradePolicies",
    "supplier_id": "SupplierId",
    "adwords_remarketing_code": "AdWordsRemarketingCode",
    "lomadee_campaign_code": "LomadeeCampaignCode",
}

_IN_STEPS = frozenset({"TradePolicies", "SimilarCategories"})


def mapped(change: ProductChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values = change.model_dump(exclude_unset=True)
    record = {_VTEX_NAMES.get(name, name): value for name, value in values.items()}
    if "similar_categories" in record:
        record["similar_categories"] = record["similar_categories"] or []
    if isinstance(record.get("ReleaseDate"), datetime):
        moment = record["ReleaseDate"]
        # VTEX keeps the date without a zone.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
        record["ReleaseDate"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return record


def fold_product(registers: Registers, change: Values, said: Saying) -> Folded:
    folded = fold(registers, change, said)
    for names in _ALTERNATIVES:
        drop_oldest(registers, folded, names)
    return folded


async def deliver(change: ProductChange, shop: Shop) -> str | None:
    """In express mode the store's team owns it once it is created."""
    values = mapped(change, shop.settings)
    owned = await _resolved(mapped(KIND.owned(change, shop.settings), shop.settings), shop)
    if shop.settings.mode == "complete":
        values = owned
    elif await shop.bindings.find("product", change.code) is None:
        values = await _with_similar_categories(values, shop)
    catalog, code = shop.vtex.catalog, change.code
    await bring(
        Access("product", catalog.find_product, catalog.read_product, catalog.write_product),
        shop,
        code,
        created=lambda: _complete(values, shop.settings),
        updated=lambda template: overlay(_in_place(template, owned), owned),
        # These come after it, and an update would not write them.
        in_steps=shop.settings.mode == "express" and not _IN_STEPS.isdisjoint(values),
    )
    product_id = await shop.bindings.find("product", code) if "IsActive" in owned else None
    if product_id is None:
        return None
    return await follow_product(shop, code, product_id, active=owned["IsActive"])


async def _resolved(values: Record, shop: Shop) -> Record:
    """VTEX's ids instead of the ERP's codes."""
    for name, vtex_name in _ALTERNATIVES:
        if name in values:
            values[_VTEX_NAMES[vtex_name]] = await vtex_id_of(shop, name, values.pop(name))
    return await _with_similar_categories(values, shop)


async def _with_similar_categories(values: Record, shop: Shop) -> Record:
    codes = values.pop("similar_categories", None)
    if codes is None:
        return values
    return values | {"SimilarCategories": [await vtex_id_of(shop, "category", code) for code in codes]}


def _in_place(template: Record, values: Record) -> Record:
    """A product that moves leaves its department too: VTEX finds the new one by the category."""
    if values.get("CategoryId", template.get("CategoryId")) == template.get("CategoryId"):
        return template
    return {name: value for name, value in template.items() if name != "DepartmentId"}


def _complete(values: dict[str, Any], settings: VtexSettings) -> dict[str, Any]:
    """What VTEX needs to create it; express mode puts it, inactive, where the store team looks."""
    codes = {"similar_categories", *(name for name, _ in _ALTERNATIVES)}
    record = {name: value for name, value in values.items() if value is not None and name not in codes}
    if settings.mode == "express" and settings.defaults:
        record |= {"BrandId": settings.defaults.brand_id, "CategoryId": settings.defaults.category_id}
        record |= {"IsActive": False}
        if settings.defaults.department_id:
            record["DepartmentId"] = settings.defaults.department_id
    needed = {"name": "Name", "brand or brand_id": "BrandId", "category or category_id": "CategoryId"}
    missing = [ours for ours, name in needed.items() if name not in record]
    if missing:
        raise Refused(
            f"VTEX has no product with this code yet; to create it, send also: {', '.join(missing)}"
        )
    return record


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "code": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho",
    "brand": "DUBOM",
    "category": "ARTESANATO",
    "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
    "short_description": "Vaso de barro vermelho artesanal",
    "keywords": "Barro, vaso, vermelho",
    "title": "Vaso Artesanal de Barro Vermelho",
    "meta_description": "feito a mão com barro do mar vermelho",
    "active": True,
    "visible": True,
}

KIND: Kind[ProductChange] = Kind(
    name="product",
    example=EXAMPLE,
    change=ProductChange,
    key=lambda change: change.code,
    target=lambda change: f"product:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold_product,
    mapped=mapped,
    # Once it is created, it belongs to the store's team.
    express_owns=frozenset(),
)
