"""sku: a stock keeping unit, found by its RefId; created inactive, as VTEX demands."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.changes import units
from app.changes.kind import Code, Kind, Shop, StateChange, Text
from app.changes.record import Access, bring
from app.config import VtexSettings
from app.errors import Refused, Waiting
from app.queue.folding import fold
from app.vtex.catalog import Record, overlay

Measure = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=4)]
Ean = Annotated[str, StringConstraints(pattern=r"^[0-9]{8,14}$")]


def _distinct(eans: list[str]) -> list[str]:
    if len(set(eans)) != len(eans):
        raise ValueError("holds an EAN twice")
    return eans


class SkuChange(StateChange):
    """How a SKU should look. Weights and lengths in the units that the connection's configuration names.

    The first change of a SKU needs product, name and the packaged measures. A new SKU is inactive in VTEX.
    """

    code: Code = Field(description="The ERP's code: VTEX's RefId.", examples=["00123456"])
    product: Code = Field(default="", description="The code of its product, which may still be on its way.")
    name: Annotated[Text, Field(min_length=1, max_length=200)] = Field(
        default="", description="At most 200 characters."
    )
    eans: Annotated[list[Ean], Field(max_length=50), AfterValidator(_distinct)] = Field(
        default=[], description="All of them: those in VTEX and not here are removed."
    )
    packaged_height: Measure = Field(default=Decimal(1), description="With its packaging.")
    packaged_length: Measure = Decimal(1)
    packaged_width: Measure = Decimal(1)
    packaged_weight: Measure = Decimal(1)
    height: Measure | None = Field(default=None, description="Without packaging.")
    length: Measure | None = None
    width: Measure | None = None
    weight: Measure | None = None
    cubic_weight: Measure | None = None
    manufacturer_code: Annotated[Text, Field(max_length=100)] | None = None
    measurement_unit: (
        Literal[
            "un", "kg", "g", "mg", "m", "m²", "m³", "cm", "cm²", "cm³", "mm", "mm²", "mm³", "oz", "lb",
            "ft", "ft²", "ft³", "in", "in²", "in³",
        ]
        | None
    ) = None  # fmt: skip
    unit_multiplier: Measure | None = None
    estimated_arrival: date | None = Field(default=None, description="For presale: when it is expected.")
    reward_value: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4)] | None = Field(
        default=None, description="The credit that a customer receives for buying it."
    )
    modal: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="The kind of transport that it needs, as the store's carriers name it."
    )
    kit: bool = Field(default=False, description="Made of other SKUs; VTEX never takes it back.")
    sold_apart: bool = Field(default=False, description="Whether a kit's components are sold apart too.")
    commercial_condition_id: int | None = Field(
        default=None, gt=0, le=2**31 - 1, description="VTEX's id of it; null is VTEX's own default, 1."
    )


_VTEX_NAMES = {
    "code": "RefId",
    "name": "Name",
    "eans": "Eans",
    "packaged_height": "PackagedHeight",
    "packaged_length": "PackagedLength",
    "packaged_width": "PackagedWidth",
    "packaged_weight": "PackagedWeightKg",
    "height": "Height",
    "length": "Length",
    "width": "Width",
    "weight": "WeightKg",
    "cubic_weight": "CubicWeight",
    "manufacturer_code": "ManufacturerCode",
    "measurement_unit": "MeasurementUnit",
    "unit_multiplier": "UnitMultiplier",
    "estimated_arrival": "EstimatedDateArrival",
    "reward_value": "RewardValue",
    "modal": "ModalType",
    "kit": "IsKit",
    "sold_apart": "KitItensSellApart",
    "commercial_condition_id": "CommercialConditionId",
}
#: VTEX refuses 0, and what an update without it does is not documented.
_NO_CONDITION = 1
_LENGTHS = frozenset({"packaged_height", "packaged_length", "packaged_width", "height", "length", "width"})
_WEIGHTS = frozenset({"packaged_weight", "weight"})
_NEEDED = ("name", "packaged_height", "packaged_length", "packaged_width", "packaged_weight")


def mapped(change: SkuChange, settings: VtexSettings) -> dict[str, Any]:
    values = change.model_dump(exclude_unset=True)
    record = {
        _VTEX_NAMES[name]: _converted(name, value, settings)
        for name, value in values.items()
        if name != "product"
    }
    return record | ({"product": values["product"]} if "product" in values else {})


def _converted(name: str, value: Any, settings: VtexSettings) -> Any:
    if value is None:
        return _NO_CONDITION if name == "commercial_condition_id" else None
    if isinstance(value, date):
        return f"{value}T00:00:00"
    if name in _LENGTHS:
        return units.length(value, unit=settings.length_unit, store_unit=settings.store_length_unit)
    if name in _WEIGHTS:
        weight = units.weight(value, unit=settings.weight_unit, store_unit=settings.store_weight_unit)
        # VTEX's schema wants an integer, and 0 is refused; in kilograms that would invent a weight.
        whole = name == "packaged_weight" and settings.store_weight_unit == "g"
        return max(Decimal(1), weight.quantize(Decimal(1), ROUND_HALF_UP)) if whole else weight
    return value


async def deliver(change: SkuChange, shop: Shop) -> None:
    """Created inactive; in express mode an update writes the measures and EANs alone."""
    values = mapped(change, shop.settings)
    owned = mapped(KIND.owned(change, shop.settings), shop.settings)
    if "product" in values:
        product = {"ProductId": await product_id(shop, values.pop("product"))}
        values |= product
        owned |= product if owned.pop("product", None) else {}
    catalog = shop.vtex.catalog
    await bring(
        Access("sku", catalog.find_sku, catalog.read_sku, catalog.write_sku),
        shop,
        change.code,
        created=lambda: _complete(values),
        updated=lambda template: overlay(_still_a_kit(template, owned), owned),
    )


def _still_a_kit(template: Record, owned: Record) -> Record:
    if template.get("IsKit") and owned.get("IsKit") is False:
        raise Refused(
            "this SKU is a kit in VTEX, which cannot be undone: send kit true, or another SKU with a new code"
        )
    return template


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    missing = [ours for ours in _NEEDED if values.get(_VTEX_NAMES[ours]) is None]
    if "ProductId" not in values:
        missing.insert(0, "product")
    if missing:
        raise Refused(f"VTEX has no SKU with this code yet; to create it, send also: {', '.join(missing)}")
    # VTEX answers 400 to a new SKU that is active.
    return {name: value for name, value in values.items() if value is not None} | {"IsActive": False}


async def product_id(shop: Shop, code: str) -> int:
    found = await shop.bindings.find("product", code)
    found = found or await _looked_up(shop, "product", code, shop.vtex.catalog.find_product)
    if found is None:
        raise Waiting(
            f"product {code} is not in VTEX yet; it is sent as soon as the product is", on=("product", code)
        )
    return found


async def sku_id(shop: Shop, code: str) -> int:
    """VTEX's id of the SKU with this code; for the kinds that are keyed by it."""
    bound = await shop.bindings.find("sku", code)
    if bound is not None:
        return bound
    found = await _looked_up(shop, "sku", code, shop.vtex.catalog.find_sku)
    if found is None:
        raise Waiting(f"SKU {code} is not in VTEX yet; it is sent as soon as the SKU is", on=("sku", code))
    await shop.bindings.bind("sku", code, found)
    return found


async def _looked_up(
    shop: Shop, kind: str, code: str, find: Callable[[str], Awaitable[int | None]]
) -> int | None:
    """Asked in VTEX, for those created elsewhere; what was absent a moment ago is not asked again."""
    if shop.absences.know(kind, code):
        return None
    found = await find(code)
    if found is None:
        shop.absences.note(kind, code)
    return found


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "code": "00123456",
    "product": "1234567890",
    "name": "Vaso Artesanal de Barro Vermelho Escuro",
    "eans": ["0123456789123"],
    "packaged_height": "1.80",
    "packaged_length": "1.52",
    "packaged_width": "2.78",
    "packaged_weight": "1.50",
    "unit_multiplier": 1,
    "measurement_unit": "un",
    "reward_value": "0",
    "kit": False,
}

KIND: Kind[SkuChange] = Kind(
    name="sku",
    example=EXAMPLE,
    change=SkuChange,
    key=lambda change: change.code,
    target=lambda change: f"sku:{change.code}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold,
    mapped=mapped,
    # The rest belongs to the store's team.
    express_owns=_LENGTHS | _WEIGHTS | {"cubic_weight", "eans"},
)
