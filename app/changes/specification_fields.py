"""The fields that a specification names: found in the product's category, checked, or made there."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.changes.kind import Change, Text
from app.errors import Refused, Retry
from app.vtex.catalog.rest.fields import RestFields
from app.vtex.catalog.specifications import CHOICES, FieldWrite, Owner, SpecificationField
from app.vtex.catalog.taxonomy import folded

#: VTEX's limits of names; a choice's value is one too.
_MOST_NAME, _MOST_GROUP_NAME = 100, 150
_OF_SKUS = frozenset({"combo", "radio"})
FieldType = Literal["text", "multiline", "number", "combo", "radio", "checkbox"]
Value = Annotated[Text, Field(min_length=1, max_length=20_000)]


class SpecifiedField(Change):
    """What one field of the product or SKU should hold."""

    name: Annotated[Text, Field(min_length=1, max_length=_MOST_NAME)] = Field(
        description="As VTEX names the field; capitals do not matter. At most 100 characters."
    )
    values: Annotated[list[Value], Field(max_length=100)] | None = Field(
        description="All that it should hold; several only of a checkbox. Null or an empty list clears it."
    )
    group: Annotated[Text, Field(min_length=1, max_length=_MOST_GROUP_NAME)] | None = Field(
        default=None,
        description="The name of its group; needed to make the field, or to tell two of one name.",
    )
    type: FieldType | None = Field(
        default=None, description="Needed to make the field, and then fixed. A SKU's is combo or radio."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.type and (mistake := mistake_of(self, self.type)):
            raise ValueError(mistake)
        names = [folded(value) for value in self.values or ()]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name} holds a value twice")
        return self


class DesiredField(SpecifiedField):
    """Its type may have been said in an earlier change than its values."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Checked when it is sent, where a person is told."""
        return self


def mistake_of(field: SpecifiedField, field_type: str) -> str | None:
    """Why a field of this type cannot hold the values."""
    values = field.values or []
    if len(values) > 1 and field_type != "checkbox":
        return f"{field.name} is of type {field_type}, which holds one value; send one"
    if field_type in CHOICES and any(len(value) > _MOST_NAME for value in values):
        return f"{field.name} is of type {field_type}: send values of at most {_MOST_NAME} characters"
    if field_type == "number" and not all(_is_number(value) for value in values):
        return f"{field.name} is of type number: send a number, with a point before its fraction"
    return None


def mistake_of_sku(field: SpecifiedField) -> str | None:
    if field.type and field.type not in _OF_SKUS:
        return f"{field.name} is a SKU's: send the type combo or radio instead of {field.type}"
    if len(field.values or ()) > 1:
        return f"{field.name} is a SKU's, which takes exactly one value; send one"
    return None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


async def writes(
    asked: Sequence[SpecifiedField], owner: Owner, category_id: int, fields: RestFields
) -> list[FieldWrite]:
    """All are checked before the first of them is made."""
    place = _Place(category_id=category_id, fields=fields, of_skus=owner.kind == "sku")
    found = await place.all(asked)
    if len(found) < len(asked):
        await fields.refresh(category_id)
        found = await place.all(asked)
    # There is nothing to clear in a field that is not there.
    missing = [each for each in asked if each.name not in found and each.values]
    for each in missing:
        _makeable(each, category_id)
    if missing:
        found |= await place.made(missing)
    return [await _write(each, found[each.name], fields) for each in asked if each.name in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where fields are looked for, and made."""

    category_id: int
    fields: RestFields
    of_skus: bool

    async def all(self, asked: Sequence[SpecifiedField]) -> dict[str, SpecificationField]:
        """Those that are there."""
        found = [(each.name, await self.one(each)) for each in asked]
        return {name: field for name, field in found if field}

    async def one(self, asked: SpecifiedField) -> SpecificationField | None:
        named = await self.fields.named(self.category_id, asked.name)
        field = _chosen(asked, [each for each in named if each.of_skus == self.of_skus])
        if field is not None:
            _check(asked, field)
        return field

    async def made(self, asked: Sequence[SpecifiedField]) -> dict[str, SpecificationField]:
        async with self.fields.creating:
            # Another product's change may have made them meanwhile.
            await self.fields.refresh(self.category_id)
            for each in asked:
                if await self.one(each) is None:
                    group, field_type = _makeable(each, self.category_id)
                    await self.fields.create(
                        self.category_id, group, each.name, field_type, of_skus=self.of_skus
                    )
            made = await self.all(asked)
        if len(made) < len(asked):
            raise Retry("VTEX does not show the fields yet that were made in it")
        return made


def _chosen(asked: SpecifiedField, named: list[SpecificationField]) -> SpecificationField | None:
    """By name alone; of several of one name the group tells which."""
    if not named:
        return None
    groups = sorted({each.group for each in named})
    if asked.group:
        same = [each for each in named if folded(each.group) == folded(asked.group)]
        if not same:
            raise Refused(
                f"VTEX has the field {asked.name} in the group {' and '.join(groups)}, not in {asked.group}:"
                " correct group, or leave it out"
            )
        named = same
    named = [each for each in named if each.active] or named
    if len({(each.category_id, folded(each.group), each.type) for each in named}) > 1:
        raise Refused(
            f"VTEX has several fields {asked.name} in this category, in the groups {' and '.join(groups)}:"
            " send the group of the one that is meant, or rename the others in VTEX"
        )
    # Made twice in the same place they are the same to everybody.
    return min(named, key=lambda each: each.field_id)


def _check(asked: SpecifiedField, field: SpecificationField) -> None:
    if asked.type and asked.type != field.type:
        raise Refused(
            f"the field {field.name} is of type {field.type} in VTEX, the change says {asked.type}: send"
            f" {field.type}, or no type, as VTEX cannot change it"
        )
    if mistake := mistake_of(asked, field.type):
        raise Refused(f"VTEX's field {mistake}")


def _makeable(asked: SpecifiedField, category_id: int) -> tuple[str, FieldType]:
    """The group and the type to make it with."""
    if asked.group is None or asked.type is None:
        missing = [name for name in ("group", "type") if getattr(asked, name) is None]
        raise Refused(
            f"VTEX has no field {asked.name} in category {category_id} or above it; to make it, send also:"
            f" {', '.join(missing)}"
        )
    if mistake := mistake_of(asked, asked.type):
        raise Refused(mistake)
    return asked.group, asked.type


async def _write(asked: SpecifiedField, field: SpecificationField, fields: RestFields) -> FieldWrite:
    values = asked.values or []
    if field.type not in CHOICES:
        return FieldWrite(field, tuple(values))
    known = await fields.values(field.field_id)
    missing = [value for value in values if _named(known, value) is None]
    if missing:
        async with fields.creating:
            known = await fields.values(field.field_id, fresh=True)
            for value in missing:
                if _named(known, value) is None:
                    known = known | {value: await fields.create_value(field.field_id, value)}
    names = [_named(known, value) or value for value in values]
    return FieldWrite(field, tuple(names), tuple(known[name] for name in names))


def _named(known: dict[str, int], value: str) -> str | None:
    """As it is written, else as staff would read it."""
    return value if value in known else next((name for name in known if folded(name) == folded(value)), None)
