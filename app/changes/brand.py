"""brand: a brand of the catalogue, joined to VTEX's by its code's binding."""

from typing import Annotated, Any

from pydantic import Field

from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.taxonomy import VTEX_ID, Entry, LegacyCode, Score, VtexId, bring
from app.config import VtexSettings
from app.queue.folding import fold


class BrandChange(StateChange):
    """How a brand should look. The first change of a brand needs its name.

    VTEX keeps no code of a brand: one that VTEX has already is joined by its vtex_id, never by its name.
    """

    code: Code = Field(description="The ERP's code; VTEX never sees it.", examples=["DUBOM"])
    vtex_id: VtexId | None = VTEX_ID
    name: Annotated[Text, Field(min_length=1, max_length=150)] = Field(
        default="", description="At most 150 characters."
    )
    active: bool = Field(
        default=True,
        description="Products of an inactive brand are not shown. A new brand is active unless you say"
        " otherwise; in express mode it is inactive until the store's team activates it.",
    )
    description: Text | None = Field(default=None, description="For search engines.")
    title: Annotated[Text, Field(max_length=150)] | None = Field(
        default=None, description="Of the brand's page, for search engines."
    )
    keywords: Text | None = Field(default=None, description="Separated by commas.")
    menu_home: bool = Field(default=False, description="Whether the department menu shows it.")
    score: Score | None = Field(default=None, description="Its place in search results.")
    link_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,255}$")] | None = Field(
        default=None,
        description="The address in the shop: small letters, digits and hyphens. VTEX takes it through REST"
        " when the brand is created, and never changes it.",
    )
    adwords_remarketing_code: LegacyCode | None = None
    lomadee_campaign_code: LegacyCode | None = None


_VTEX_NAMES = {
    "name": "Name",
    "active": "Active",
    "description": "Text",
    "title": "SiteTitle",
    "keywords": "Keywords",
    "menu_home": "MenuHome",
    "score": "Score",
    "link_id": "LinkId",
    "adwords_remarketing_code": "AdWordsRemarketingCode",
    "lomadee_campaign_code": "LomadeeCampaignCode",
}


def mapped(change: BrandChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values = change.model_dump(exclude_unset=True, exclude={"code"})
    return {_VTEX_NAMES.get(name, name): value for name, value in values.items()}


async def deliver(change: BrandChange, shop: Shop) -> str | None:
    values = mapped(change, shop.settings)
    told = values.pop("vtex_id", None)
    brands = shop.vtex.brands
    owned = mapped(KIND.owned(change, shop.settings), shop.settings)
    owned.pop("vtex_id", None)
    before = await bring(Entry("brand", change.code, brands, values, owned, told), shop)
    if "LinkId" not in values or before.get("LinkId") == values["LinkId"]:
        return None
    return (
        f"VTEX does not take link_id {values['LinkId']!r} for a brand that exists, and through the webservice"
        " for none: the store's team can set it in VTEX's admin"
    )


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "code": "DUBOM",
    "name": "DuBom",
    "active": True,
    "description": "Marca DuBom",
    "title": "DuBom",
    "keywords": "DuBom Keywords",
}

KIND: Kind[BrandChange] = Kind(
    name="brand",
    example=EXAMPLE,
    change=BrandChange,
    key=lambda change: change.code,
    # One at a time: two new ones of one name would not see each other in VTEX's list.
    target=lambda change: "brand",  # noqa: ARG005  every kind's shape
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
    express_owns=frozenset(),
)
