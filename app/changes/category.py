"""category: a department (without a parent), category or subcategory, to any depth."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.taxonomy import VTEX_ID, Entry, LegacyCode, Score, VtexId, bring, vtex_id_of
from app.config import VtexSettings
from app.queue.folding import fold


class CategoryChange(StateChange):
    """How a category should look. The first change needs its name, and its parent if it has one.

    VTEX keeps no code of a category: one that VTEX has already is joined by its vtex_id, never by its name.
    VTEX cannot delete a category; send active = false.
    """

    code: Code = Field(description="The ERP's code; VTEX never sees it.", examples=["ARTESANATO"])
    vtex_id: VtexId | None = VTEX_ID
    name: Annotated[Text, Field(min_length=1, max_length=150)] = Field(
        default="", description="At most 150 characters."
    )
    parent: Code | None = Field(
        default=None,
        description="The code of the category above it, which may still be on its way; without one, or null,"
        " it is a department. VTEX advises against moving a category: specifications are inherited.",
    )
    active: bool = Field(
        default=True,
        description="Products of an inactive category are not shown. A new category is active unless you say"
        " otherwise; in express mode it is inactive until the store's team activates it.",
    )
    title: Annotated[Text, Field(max_length=150)] | None = Field(
        default=None, description="Of the category's page, for search engines."
    )
    description: Text | None = Field(default=None, description="For search engines.")
    keywords: Text | None = Field(default=None, description="Separated by commas.")
    show_in_store_front: bool = Field(default=True, description="Whether the menus show it.")
    active_store_front_link: bool = Field(default=True, description="Whether its address leads to it.")
    show_brand_filter: bool = Field(default=True, description="Whether its page can be filtered by brand.")
    stock_keeping_unit_selection_mode: Literal["SPECIFICATION", "LIST"] = Field(
        default="SPECIFICATION", description="How a shopper chooses among a product's SKUs."
    )
    global_category_id: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Google's number of such a category."
    )
    score: Score | None = Field(default=None, description="Its place in search results.")
    adwords_remarketing_code: LegacyCode | None = None
    lomadee_campaign_code: LegacyCode | None = None

    @model_validator(mode="after")
    def _below_another(self) -> Self:
        if self.parent == self.code:
            raise ValueError("parent must be another category")
        return self


_VTEX_NAMES = {
    "name": "Name",
    "active": "IsActive",
    "title": "Title",
    "description": "Description",
    "keywords": "Keywords",
    "show_in_store_front": "ShowInStoreFront",
    "active_store_front_link": "ActiveStoreFrontLink",
    "show_brand_filter": "ShowBrandFilter",
    "stock_keeping_unit_selection_mode": "StockKeepingUnitSelectionMode",
    "global_category_id": "GlobalCategoryId",
    "score": "Score",
    "adwords_remarketing_code": "AdWordsRemarketingCode",
    "lomadee_campaign_code": "LomadeeCampaignCode",
}


def mapped(change: CategoryChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values = change.model_dump(exclude_unset=True, exclude={"code"})
    return {_VTEX_NAMES.get(name, name): value for name, value in values.items()}


async def deliver(change: CategoryChange, shop: Shop) -> None:
    values = mapped(change, shop.settings)
    told = values.pop("vtex_id", None)
    owned = mapped(KIND.owned(change, shop.settings), shop.settings)
    owned.pop("vtex_id", None)
    if "parent" in values:
        parent = values.pop("parent")
        is_owned = "parent" in owned
        owned.pop("parent", None)
        # Nobody waits for a parent where the store's team has the last word.
        if is_owned or not await shop.bindings.find("category", change.code):
            father = {"FatherCategoryId": parent and await vtex_id_of(shop, "category", parent)}
            values |= father
            owned |= father if is_owned else {}
    await bring(Entry("category", change.code, shop.vtex.categories, values, owned, told), shop)


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "code": "ARTESANATO",
    "name": "Departamento Artesanato",
    "active": True,
    "title": "Departamento Artesanato",
    "description": "Departamento de Artesanato",
    "keywords": "Departamento Keywords",
}

KIND: Kind[CategoryChange] = Kind(
    name="category",
    example=EXAMPLE,
    change=CategoryChange,
    key=lambda change: change.code,
    # One at a time: two new ones of one name would not see each other in VTEX's tree.
    target=lambda change: "category",  # noqa: ARG005  every kind's shape
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
    express_owns=frozenset(),
)
