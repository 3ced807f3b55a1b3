"""service: something sold with SKUs (gift wrapping, engraving, …): what it is, what it costs, who has it."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.numbered import Numbered, bring
from app.changes.sku import sku_id
from app.changes.taxonomy import VtexId
from app.config import VtexSettings
from app.errors import Refused, Waiting
from app.queue.folding import fold

_MOST_OPTIONS, _MOST_SKUS = 50, 500
_VTEX_ID = Field(
    default=None, description="VTEX's id, for one that VTEX has already; null: VTEX does not have it."
)
Amount = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)]


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    vtex_id: VtexId | None = _VTEX_ID


class ServiceOption(Item):
    """One way to have the service, with its price."""

    code: Code = Field(description="The ERP's code of it, unique in the service.")
    name: Annotated[Text, Field(min_length=1, max_length=100)]
    price: Amount = Field(description="What the shopper pays.")
    cost: Amount = Field(description="What it costs the store.")


class ServiceAttachment(Item):
    """A SKU that can be bought with the service."""

    sku: Code = Field(description="The code of a SKU, which may still be on its way.")
    option: Code = Field(description="The code of one of the options.")
    name: Annotated[Text, Field(min_length=1, max_length=50)]
    text: Annotated[Text, Field(max_length=100)] = ""
    active: bool = True


def _distinct(options: list[ServiceOption]) -> list[ServiceOption]:
    if len({each.code for each in options}) != len(options):
        raise ValueError("holds a code twice; give each option its own")
    return options


def _once(attachments: list[ServiceAttachment]) -> list[ServiceAttachment]:
    if len({each.sku for each in attachments}) != len(attachments):
        raise ValueError("holds a SKU twice; name each once")
    return attachments


class ServiceChange(StateChange):
    """A service: what it is, its options with their prices, and the SKUs that have it.

    Each list is whole: what an earlier one named and this one does not is removed. The first change of a
    service needs its name.
    """

    code: Annotated[Code, Field(pattern="^[^/]*$")] = Field(
        description="The ERP's code, without a slash; VTEX keeps none.", examples=["EMBALAGEM"]
    )
    vtex_id: VtexId | None = _VTEX_ID
    name: Annotated[Text, Field(min_length=1, max_length=100)] = Field(
        default="", description="At most 100 characters."
    )
    active: bool = Field(default=True, description="A new service is active unless you say otherwise.")
    show_on_product: bool = Field(default=False, description="On the product's page (VTEX: deprecated).")
    show_on_cart: bool = False
    show_on_attachment: bool = False
    file_upload: bool = Field(default=False, description="Whether the shopper uploads a file for it.")
    gift_card: bool = Field(default=False, description="Whether it has a card with a text.")
    required: bool = Field(default=False, description="Whether the SKU is sold only with it.")
    options: Annotated[list[ServiceOption], Field(max_length=_MOST_OPTIONS), AfterValidator(_distinct)] = (
        Field(default=[], description="All its options.")
    )
    attachments: Annotated[list[ServiceAttachment], Field(max_length=_MOST_SKUS), AfterValidator(_once)] = (
        Field(default=[], description="All SKUs that have it, each at one option's price.")
    )


_VTEX_NAMES = {
    "name": "Name",
    "active": "IsActive",
    "show_on_product": "ShowOnProductFront",
    "show_on_cart": "ShowOnCartFront",
    "show_on_attachment": "ShowOnAttachmentFront",
    "file_upload": "ShowOnFileUpload",
    "gift_card": "IsGiftCard",
    "required": "IsRequired",
}
_NEW = {name: name == "IsActive" for name in _VTEX_NAMES.values() if name != "Name"}


def mapped(change: ServiceChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    values = change.model_dump(exclude_unset=True, exclude={"code"})
    return {_VTEX_NAMES.get(name, name): value for name, value in values.items()}


async def deliver(change: ServiceChange, shop: Shop) -> None:
    owned = KIND.owned(change, shop.settings)
    values = mapped(owned, shop.settings)
    entry = Numbered(
        kind="service",
        code=change.code,
        called="service",
        records=shop.vtex.services.types,
        values={name: value for name, value in values.items() if name in _VTEX_NAMES.values()},
        new=_NEW,
        vtex_id=change.vtex_id,
        absent=_absent(change),
    )
    service_id = await bring(entry, shop)
    if "options" in values:
        for option in owned.options:
            await _bring_option(option, change.code, service_id, shop)
    if "attachments" in values:
        attached = {_below(change.code, each.sku) for each in owned.attachments}
        await _remove_others("service-attachment", change.code, attached, shop)
        await _attach(owned, service_id, shop)
    if "options" in values:
        named = {_below(change.code, each.code) for each in owned.options}
        await _remove_others("service-option", change.code, named, shop)


def _absent(item: ServiceChange | Item) -> bool:
    return "vtex_id" in item.model_fields_set and item.vtex_id is None


def _below(service: str, code: str) -> str:
    return f"{service}/{code}"


async def _bring_option(option: ServiceOption, service: str, service_id: int, shop: Shop) -> None:
    values = {"SkuServiceTypeId": service_id, "Name": option.name, "Value": option.price, "Cost": option.cost}
    entry = Numbered(
        kind="service-option",
        code=_below(service, option.code),
        called="service option",
        records=shop.vtex.services.options,
        values=values,
        parent="SkuServiceTypeId",
        vtex_id=option.vtex_id,
        absent=_absent(option),
    )
    await bring(entry, shop)


async def _attach(change: ServiceChange, service_id: int, shop: Shop) -> None:
    """A SKU that is awaited holds up no other."""
    waiting: Waiting | None = None
    for each in change.attachments:
        option = await shop.bindings.find("service-option", _below(change.code, each.option))
        if option is None:
            raise Refused(f"the service has no option {each.option}; send it in options")
        try:
            sku = await sku_id(shop, each.sku)
        except Waiting as error:
            waiting = waiting or error
            continue
        values = {"SkuServiceTypeId": service_id, "SkuServiceValueId": option, "SkuId": sku}
        entry = Numbered(
            kind="service-attachment",
            code=_below(change.code, each.sku),
            called="service attachment",
            records=shop.vtex.services.attachments,
            values=values | {"Name": each.name, "Text": each.text, "IsActive": each.active},
            parent="SkuId",
            vtex_id=each.vtex_id,
            absent=_absent(each),
        )
        await bring(entry, shop)
    if waiting:
        raise waiting


async def _remove_others(kind: str, service: str, wanted: set[str], shop: Shop) -> None:
    """Of those that the ERP named once; what the store's team added has no code, and stays."""
    services = shop.vtex.services
    records = services.attachments if kind == "service-attachment" else services.options
    for code, vtex_id in (await shop.bindings.below(kind, _below(service, ""))).items():
        if code not in wanted:
            await records.remove(vtex_id)
            await shop.bindings.forget(kind, code)


EXAMPLE: dict[str, Any] = {
    "code": "EMBALAGEM",
    "name": "Embalagem para presente",
    "show_on_cart": True,
    "options": [{"code": "PADRAO", "name": "Embalagem para presente", "price": "10.00", "cost": "5.00"}],
    "attachments": [{"sku": "00123456", "option": "PADRAO", "name": "Embalagem para presente"}],
}

KIND: Kind[ServiceChange] = Kind(
    name="service",
    example=EXAMPLE,
    change=ServiceChange,
    key=lambda change: change.code,
    target=lambda change: f"service:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
)
