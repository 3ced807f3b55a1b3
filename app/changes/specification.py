"""specification: what a product's or a SKU's fields hold; fields and values are found, or made, by name."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from app.bindings import Creation
from app.changes.kind import Code, Kind, Shop, StateChange
from app.changes.sku import product_id, sku_id
from app.changes.specification_fields import DesiredField, SpecifiedField, mistake_of_sku, writes
from app.config import VtexSettings
from app.errors import Waiting
from app.queue.folding import Folded, ItemList, Registers, Saying, Values, fold
from app.vtex.catalog.specifications import TYPE_IDS, FieldWrite, Owner
from app.vtex.catalog.taxonomy import folded


class SpecificationChange(StateChange):
    """What fields of a product or of a SKU should hold; fields that are not mentioned stay as they are.

    A field, its group and its values are made in the product's category where they are missing there and
    above it.
    """

    product: Code = Field(default="", description="The product's code, or:", examples=["1234567890"])
    sku: Code = Field(default="", description="The SKU's code.")
    fields: Annotated[list[SpecifiedField], Field(min_length=1, max_length=100)] = Field(
        description="Merged by name: a field that an earlier change named stays until it is named again."
    )

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if len(self.model_fields_set & {"product", "sku"}) != 1:
            raise ValueError("send product or sku, one of them")
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [folded(each.name) for each in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("fields names a field twice")
        mistakes = [mistake_of_sku(each) for each in self.fields if self.sku]
        if mistake := next(filter(None, mistakes), None):
            raise ValueError(f"fields: {mistake}")
        return self


class DesiredSpecification(SpecificationChange):
    """The sum of the changes."""

    # The limit is one change's: many make a longer list.
    fields: list[DesiredField]  # type: ignore[assignment]  # nothing is ever put into it


_LISTS = {"fields": ItemList(("name",), alone="fields_exactly")}


def fold_specification(registers: Registers, change: Values, said: Saying) -> Folded:
    """A field that is named again keeps group, type and spelling, whichever change is the newer."""
    known = {folded(each["name"]): each for each in registers.desired.get("fields") or ()}
    items = [_completed(known.get(folded(each["name"])), each) for each in change["fields"]]
    become = fold(registers, change | {"fields": items}, said, _LISTS)
    named = {each["name"]: each for each in items}
    registers.desired["fields"] = [
        _completed(named.get(each["name"]), each) for each in registers.desired["fields"]
    ]
    return become


def _completed(other: Values | None, item: Values) -> Values:
    if other is None:
        return item
    return {name: other[name] for name in ("group", "type") if name in other} | item | {"name": other["name"]}


def mapped(change: SpecificationChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    return {"fields": [_mapped_field(each) for each in change.fields]}


def _mapped_field(field: SpecifiedField) -> dict[str, Any]:
    record: dict[str, Any] = {"Name": field.name, "Value": field.values or []}
    record |= {"FieldGroupName": field.group} if field.group else {}
    return record | ({"FieldTypeId": TYPE_IDS[field.type]} if field.type else {})


async def deliver(change: SpecificationChange, shop: Shop) -> str | None:
    if "fields" not in KIND.owned(change, shop.settings).model_fields_set:
        return (
            "in express mode specifications are the store team's, so VTEX was sent none; if they are the"
            ' ERP\'s, configure express_owns.specification = ["fields"]'
        )
    owner, specifications = await _owner(change, shop), shop.vtex.specifications
    category_id = await specifications.category_of(owner)
    if category_id is None:
        # Deleted in VTEX since: by code it may be there under another id.
        await shop.bindings.forget(owner.kind, owner.code)
        raise Waiting(
            f"{owner.kind} {owner.code} is no longer in VTEX; this is sent as soon as it is there again",
            on=(owner.kind, owner.code),
        )
    wanted = await writes(change.fields, owner, category_id, shop.vtex.fields)
    present = await specifications.read(owner)
    changing = [each for each in wanted if not each.is_in(present)]
    if specifications.indexed:
        if changing:
            await specifications.write(owner, changing, present)
    else:
        await _write_and_index(change, owner, changing, present, shop)
    hidden = [each.field.name for each in wanted if each.values and not each.field.active]
    return f"VTEX shows no inactive field: activate {', '.join(hidden)} there" if hidden else None


async def _write_and_index(
    change: SpecificationChange, owner: Owner, writing: list[FieldWrite], present: list[Values], shop: Shop
) -> None:
    """Noted before it is written: if the end is cut off, the next attempt finds it written and not shown."""
    key, specifications = KIND.key(change), shop.vtex.specifications
    begun = await shop.bindings.begun(KIND.name, key) is not None
    if writing:
        await shop.bindings.begin(Creation(connection=shop.connection, kind=KIND.name, code=key, name=""))
        await specifications.write(owner, writing, present)
    if writing or begun:
        await specifications.index(owner)
        await shop.bindings.abandon(KIND.name, key)


async def _owner(change: SpecificationChange, shop: Shop) -> Owner:
    if change.sku:
        return Owner("sku", change.sku, await sku_id(shop, change.sku))
    return Owner("product", change.product, await product_id(shop, change.product))


#: Of the product that VTEX's guides describe.
EXAMPLE: dict[str, Any] = {
    "product": "1234567890",
    "fields": [
        {"name": "Material", "group": "Composição", "type": "combo", "values": ["ceramica"]},
        {"name": "Cuidados", "group": "Composição", "type": "text", "values": ["Não vai ao forno"]},
    ],
}

KIND: Kind[SpecificationChange] = Kind(
    name="specification",
    example=EXAMPLE,
    change=SpecificationChange,
    key=lambda change: f"sku/{change.sku}" if change.sku else f"product/{change.product}",
    target=lambda change: f"sku:{change.sku}" if change.sku else f"product:{change.product}",
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold_specification,
    desired=DesiredSpecification,
    mapped=mapped,
    # A new product lands in the default category, whose fields are not those of where the team moves it.
    express_owns=frozenset(),
)
