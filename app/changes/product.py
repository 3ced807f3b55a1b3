"""product: a product of the catalogue, found by its RefId."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.record import Access, bring
from app.config import VtexSettings
from app.errors import Refused
from app.queue.folding import fold
from app.vtex.catalog import overlay


class ProductChange(StateChange):
    """How a product should look. VTEX ids for brand, category and department.

    The first change of a product needs name, brand_id and category_id; in express mode the name alone.
    """

    code: Code = Field(description="The ERP's code: VTEX's RefId.", examples=["1234567890"])
    name: Annotated[Text, Field(min_length=1, max_length=150)] = Field(
        default="", description="At most 150 characters."
    )
    brand_id: int = Field(default=0, gt=0, description="VTEX's id of the brand.")
    category_id: int = Field(default=0, gt=0, description="VTEX's id of the deepest category.")
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
    release_date: datetime | None = None
    score: int | None = None
    active: bool = Field(default=False, description="Whether the shop may sell it.")
    visible: bool = Field(default=False, description="Whether it is listed.")
    show_without_stock: bool = False


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
}


def mapped(change: ProductChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values = change.model_dump(exclude_unset=True)
    record = {_VTEX_NAMES[name]: value for name, value in values.items()}
    if isinstance(record.get("ReleaseDate"), datetime):
        moment = record["ReleaseDate"]
        # VTEX keeps the date without a zone.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
        record["ReleaseDate"] = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return record


async def deliver(change: ProductChange, shop: Shop) -> None:
    """In express mode the store's team owns it once it is created."""
    values = mapped(change, shop.settings)
    catalog = shop.vtex.catalog
    await bring(
        Access("product", catalog.find_product, catalog.read_product, catalog.write_product),
        shop,
        change.code,
        created=lambda: _complete(values, shop.settings),
        updated=lambda template: overlay(template, values if shop.settings.mode == "complete" else {}),
    )


def _complete(values: dict[str, Any], settings: VtexSettings) -> dict[str, Any]:
    """What VTEX needs to create it; express mode puts it, inactive, where the store team looks."""
    record = {name: value for name, value in values.items() if value is not None}
    if settings.mode == "express" and settings.defaults:
        record |= {"BrandId": settings.defaults.brand_id, "CategoryId": settings.defaults.category_id}
        record |= {"IsActive": False}
        if settings.defaults.department_id:
            record["DepartmentId"] = settings.defaults.department_id
    missing = [ours for ours in ("name", "brand_id", "category_id") if _VTEX_NAMES[ours] not in record]
    if missing:
        raise Refused(
            f"VTEX has no product with this code yet; to create it, send also: {', '.join(missing)}"
        )
    return record


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "code": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho",
    "brand_id": 2000000,
    "category_id": 1,
    "description": "Vaso de barro vermelho, feito a mão com barro do mar vermelho",
    "short_description": "Vaso de barro vermelho artesanal",
    "keywords": "Barro, vaso, vermelho",
    "title": "Vaso Artesanal de Barro Vermelho",
    "meta_description": "feito a mão com barro do mar vermelho",
    "active": True,
    "visible": True,
}

KIND = Kind(
    name="product",
    example=EXAMPLE,
    change=ProductChange,
    key=lambda change: change.code,
    target=lambda change: f"product:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
