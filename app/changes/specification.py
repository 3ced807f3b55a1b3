"""specification: the values that a product or SKU has in its category's fields, by the fields' names."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.changes.kind import Change, Code, Kind, Shop, StateChange, Text
from app.changes.sku import product_id, sku_id
from app.changes.specification_fields import Wanted, field_of
from app.config import VtexSettings
from app.errors import Refused
from app.queue.folding import Folded, ItemList, Registers, Saying, Values, fold
from app.vtex.catalog.specifications import Assigned, Owner
from app.vtex.catalog.taxonomy import folded

Name = Annotated[Text, Field(min_length=1, max_length=100)]
#: VTEX refuses the other types for SKUs.
_OF_SKUS = ("combo", "radio")


def _distinct(values: list[str]) -> list[str]:
    if len({folded(value) for value in values}) != len(values):
        raise ValueError("holds a value twice")
    return values


class SpecificationField(Change):
    """One field's values. A field that the category does not have yet is made."""

    name: Name = Field(description="The field's name, as in VTEX.", examples=["Material"])
    group: Name | None = Field(
        default=None,
        description="Its group; needed where the category has two fields of this name. A new field goes into"
        " it, or into a group named Specifications.",
    )
    type: Literal["text", "multiline", "number", "combo", "radio", "checkbox"] | None = Field(
        default=None,
        description="Of a new field. Unless you say otherwise it is radio for SKUs; for products text, or"
        " combo for several values. VTEX never changes it: another type than the field has is refused.",
    )
    values: Annotated[
        list[Annotated[Text, Field(min_length=1)]], Field(max_length=100), AfterValidator(_distinct)
    ] = Field(
        description="All of the field's values; an empty list removes them. Missing ones of a list to choose"
        " from are made."
    )


def _one_each(fields: list[SpecificationField]) -> list[SpecificationField]:
    names = [folded(each.name) for each in fields]
    if len(set(names)) != len(names):
        raise ValueError("names a field twice")
    return fields


class SpecificationChange(StateChange):
    """The specifications of a product, or of a SKU: fields that are not named stay as they are."""

    product: Code = Field(default="", description="The code of the product.", examples=["1234567890"])
    sku: Code = Field(default="", description="Instead of product: the code of the SKU.")
    fields: Annotated[
        list[SpecificationField], Field(min_length=1, max_length=200), AfterValidator(_one_each)
    ] = Field(description="Merged by name into what was sent before.")

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if ("product" in self.model_fields_set) == ("sku" in self.model_fields_set):
            raise ValueError("send product or sku, one of them")
        if self.sku:
            self._fit_skus()
        return self

    def _fit_skus(self) -> None:
        for each in self.fields:
            if each.type is not None and each.type not in _OF_SKUS:
                raise ValueError(f"a SKU's field {each.name} can only be of type {' or '.join(_OF_SKUS)}")
            if len(each.values) > 1:
                raise ValueError(f"a SKU has one value in a field; {each.name} names {len(each.values)}")


class DesiredSpecification(SpecificationChange):
    """The sum of the changes."""

    # The limit is one change's: many name more fields.
    fields: list[SpecificationField]


#: By their names, however they are written.
_LISTS = {"fields": ItemList(("folded_name",), alone="fields_exactly")}


def fold_specification(registers: Registers, change: Values, said: Saying) -> Folded:
    """Item by item; the key is the name as VTEX's staff compare it, and is not kept."""
    keyed = change | {"fields": [each | {"folded_name": folded(each["name"])} for each in change["fields"]]}
    _key(registers)
    folded_change = fold(registers, keyed, said, _LISTS)
    for each in registers.desired["fields"]:
        each.pop("folded_name", None)
    return folded_change


def _key(registers: Registers) -> None:
    for each in registers.desired.get("fields", ()):
        each["folded_name"] = folded(each["name"])


def mapped(change: SpecificationChange, settings: VtexSettings) -> dict[str, Any]:  # noqa: ARG001  every kind's shape
    return change.model_dump(exclude_unset=True, exclude={"occurred_at", "version"})


async def deliver(change: SpecificationChange, shop: Shop) -> None:
    """Read, compare, write: fields one by one, so that those that the ERP did not name stay."""
    owner, category_id = await _owner(change, shop)
    specifications = shop.vtex.specifications
    present = await specifications.read(owner)
    is_owned, changed = "fields" in KIND.owned(change, shop.settings).model_fields_set, False
    # All are checked before the first is written.
    wanted = [
        (await field_of(shop.vtex.fields, category_id, _wanted(each, owner)), each.values)
        for each in change.fields
    ]
    for field, values in wanted:
        has = [each for each in present if field is not None and each.field_id == field.field_id]
        is_the_teams = bool(has) and not is_owned
        if field is None or is_the_teams or _same(has, values):
            continue
        changed = True
        if values:
            await specifications.assign(owner, field, values, has)
        else:
            await specifications.remove(owner, field, has)
    if changed:
        await specifications.reindex(owner)


def _wanted(field: SpecificationField, owner: Owner) -> Wanted:
    return Wanted(field.name, field.group, field.type, tuple(field.values), of_skus=owner.kind == "sku")


def _same(present: Iterable[Assigned], values: list[str]) -> bool:
    return sorted(folded(each.text) for each in present) == sorted(folded(value) for value in values)


async def _owner(change: SpecificationChange, shop: Shop) -> tuple[Owner, int]:
    """And the id of the category whose fields it has."""
    if change.product:
        owner = Owner("product", await product_id(shop, change.product), change.product)
        return owner, await shop.vtex.fields.category_of(owner.vtex_id)
    owner = Owner("sku", await sku_id(shop, change.sku), change.sku)
    sku = await shop.vtex.catalog.read_sku(owner.vtex_id, owner.code)
    if sku is None:
        raise Refused(f"VTEX no longer has the SKU {change.sku}; send the SKU again, then replay")
    return owner, await shop.vtex.fields.category_of(int(sku["ProductId"]))


def _key_of(change: SpecificationChange) -> str:
    return f"product/{change.product}" if change.product else f"sku/{change.sku}"


def _target(change: SpecificationChange) -> str:
    return f"product:{change.product}" if change.product else f"sku:{change.sku}"


#: With the values of VTEX's own guides.
EXAMPLE: dict[str, Any] = {
    "product": "1234567890",
    "fields": [{"name": "Material", "group": "Ficha técnica", "type": "text", "values": ["ceramica"]}],
}

KIND: Kind[SpecificationChange] = Kind(
    name="specification",
    example=EXAMPLE,
    change=SpecificationChange,
    desired=DesiredSpecification,
    key=_key_of,
    target=_target,
    priority=3,
    api="catalog",
    deliver=deliver,
    fold=fold_specification,
    mapped=mapped,
    # Once a field has a value, it belongs to the store's team.
    express_owns=frozenset(),
)
