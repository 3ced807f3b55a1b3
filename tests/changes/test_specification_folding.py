"""What is wanted of a specification is the sum of its changes, field by field, whatever their order."""

from itertools import permutations
from typing import Any

from app.changes.specification import (
    DesiredSpecification,
    SpecificationChange,
    fold_specification,
    mapped,
)
from app.queue.folding import Registers, Saying, saying
from tests.vtex.saying import settings

SETTINGS = settings("http://127.0.0.1")


def wanted(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """As VTEX shall have it, with the changes accepted in this order."""
    registers = Registers()
    for change in changes:
        payload = SpecificationChange.model_validate({"product": "P1", **change}).payload()
        fold_specification(registers, payload, saying(payload, Saying("now")))
        registers = Registers(registers.desired, registers.stamps)
    fields: list[dict[str, Any]] = mapped(DesiredSpecification.model_validate(registers.desired), SETTINGS)[
        "fields"
    ]
    return fields


def field(name: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"fields": [{"name": name, "values": list(values), **more}]}


def test_fields_are_merged_by_name_and_stay_until_they_are_named_again() -> None:
    found = wanted(field("Cor", "Azul"), field("Material", "Barro"), field("Cor"))
    assert found == [{"Name": "Cor", "Value": []}, {"Name": "Material", "Value": ["Barro"]}]


def test_capitals_and_blanks_make_no_other_field() -> None:
    assert wanted(field("Cor  Base", "Azul"), field("cor base", "Rosa")) == [
        {"Name": "Cor  Base", "Value": ["Rosa"]}
    ]


def test_group_and_type_stay_until_they_are_named_again() -> None:
    first = field("Cor", "Azul", group="Variação", type="combo")
    [found] = wanted(first, field("Cor", "Rosa"))
    assert found == {"Name": "Cor", "Value": ["Rosa"], "FieldGroupName": "Variação", "FieldTypeId": 5}
    [found] = wanted(first, field("Cor", "Rosa", type="radio"))
    assert (found["FieldTypeId"], found["FieldGroupName"]) == (6, "Variação")


def test_values_that_its_type_cannot_hold_are_told_at_the_delivery() -> None:
    """Not as a state that no longer reads."""
    [found] = wanted(field("Cor", "Azul", type="combo"), field("Cor", "Azul", "Rosa"))
    assert found["Value"] == ["Azul", "Rosa"]


def test_what_was_said_of_a_later_moment_stays_in_every_order() -> None:
    changes = [
        field("Cor", "Azul", group="Variação", type="combo") | {"version": 1},
        field("Cor", "Rosa") | {"version": 2},
        field("Material", "Barro") | {"version": 1},
    ]
    sums = [wanted(*order) for order in permutations(changes)]
    assert sums == [sums[0]] * len(sums)
    assert [each["Value"] for each in sums[0]] == [["Rosa"], ["Barro"]]
    assert sums[0][0]["FieldTypeId"] == 5


def test_many_changes_may_name_more_fields_than_one() -> None:
    changes = [field(f"Field {number}", "A") for number in range(150)]
    assert len(wanted(*changes)) == 150
