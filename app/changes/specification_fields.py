"""The field that the ERP means by a name: VTEX's own, if it takes the values, else a new one."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from app.errors import Refused
from app.vtex.catalog.rest.specification_fields import SpecificationFields
from app.vtex.catalog.specifications import Field, FieldType

#: Where the ERP names none.
_GROUP = "Specifications"
_TYPES = {
    "text": FieldType.TEXT,
    "multiline": FieldType.MULTILINE,
    "number": FieldType.NUMBER,
    "combo": FieldType.COMBO,
    "radio": FieldType.RADIO,
    "checkbox": FieldType.CHECKBOX,
}
#: VTEX's indexed texts are texts to the ERP.
_NAMES = {type_id: name for name, type_id in _TYPES.items()} | {
    FieldType.INDEXED_TEXT: "text",
    FieldType.INDEXED_MULTILINE: "multiline",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    name: str
    group: str | None
    type: str | None
    values: tuple[str, ...]
    of_skus: bool


async def field_of(fields: SpecificationFields, category_id: int, wanted: Wanted) -> Field | None:
    """None where there is no such field, and nothing to put into it."""
    found = await fields.find(category_id, wanted.name, wanted.group, of_skus=wanted.of_skus)
    if found is None and not wanted.values:
        return None
    kind = found.type if found else _new_type(wanted)
    if found and wanted.type is not None and _NAMES[found.type] != wanted.type:
        raise Refused(
            f"the field {wanted.name} is of type {_NAMES[found.type]} in VTEX, which cannot be changed; send"
            f" that, or another name than that of a field of type {wanted.type}"
        )
    _fit(wanted, kind)
    if found is None:
        group = wanted.group or _GROUP
        found = await fields.create(category_id, group, wanted.name, kind, of_skus=wanted.of_skus)
    return found


def _new_type(wanted: Wanted) -> FieldType:
    if wanted.type is not None:
        return _TYPES[wanted.type]
    if wanted.of_skus:
        return FieldType.RADIO
    return FieldType.COMBO if len(wanted.values) > 1 else FieldType.TEXT


def _fit(wanted: Wanted, kind: FieldType) -> None:
    if len(wanted.values) > 1 and not kind.takes_many:
        raise Refused(
            f"the field {wanted.name} is of type {_NAMES[kind]} and takes one value, not {len(wanted.values)}"
        )
    if kind is FieldType.NUMBER:
        for value in wanted.values:
            if not _is_number(value):
                raise Refused(f"the field {wanted.name} takes a number, such as 1.5, not {value!r}")


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False
