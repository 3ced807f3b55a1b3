"""Specification groups, fields, values and what products and SKUs have of them: the rules of writing them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.sandbox.catalog.shape import Field, conform
from app.sandbox.wire import Record, RefusedError

LISTED = frozenset({5, 6, 7})
TYPE_NAMES = {1: "Texto", 2: "Texto Grande", 4: "Número", 5: "Combo", 6: "Radio", 7: "CheckBox"}
TYPE_NAMES |= {8: "Texto Indexado", 9: "Texto Grande Indexado"}

FIELD_FIELDS = {
    "FieldTypeId": Field("int", required=True),
    "CategoryId": Field("int"),
    "FieldGroupId": Field("int", required=True),
    "Name": Field("str", required=True, max_length=100),
    "Description": Field("str"),
    "Position": Field("int", 0),
    "IsFilter": Field("bool", default=False),
    "IsRequired": Field("bool", default=False),
    "IsOnProductDetails": Field("bool", default=False),
    "IsStockKeepingUnit": Field("bool", default=False),
    "IsWizard": Field("bool", default=False),
    "IsActive": Field("bool", default=False),
    "IsTopMenuLinkActive": Field("bool", default=False),
    "IsSideMenuLinkActive": Field("bool", default=False),
    "DefaultValue": Field("str"),
}


@dataclass
class Specifications:
    """The records, in VTEX's field names; `assigned` by ("product" | "sku", id)."""

    groups: dict[int, Record] = field(default_factory=dict)
    fields: dict[int, Record] = field(default_factory=dict)
    values: dict[int, Record] = field(default_factory=dict)
    assigned: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    _last_id: int = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_group(self, body: Mapping[str, object], categories: Mapping[int, Record]) -> Record:
        group = conform(
            body, {"CategoryId": Field("int", required=True), "Name": Field("str", required=True)}
        )
        if group["CategoryId"] not in categories:
            raise RefusedError(400, f"Category {group['CategoryId']} does not exist")
        number = 100 + self.next_id()
        position = 1 + len(self.groups)
        self.groups[number] = {"Id": number, **group, "Position": position}
        return self.groups[number]

    def add_field(self, body: Mapping[str, object]) -> Record:
        record = conform(body, FIELD_FIELDS)
        group = self.groups.get(record["FieldGroupId"])
        # VTEX known issue: the group must be of the field's own category, not of one above it.
        if group is None or group["CategoryId"] != record["CategoryId"]:
            raise RefusedError(400, "Field Group not found in the category")
        if record["FieldTypeId"] not in TYPE_NAMES:
            raise RefusedError(400, "FieldTypeId must be 1, 2, 4, 5, 6, 7, 8 or 9")
        if record["IsStockKeepingUnit"] and record["FieldTypeId"] not in {5, 6}:
            raise RefusedError(400, "Sku Field can be only of the Radio or Combo type")
        number = 200 + self.next_id()
        self.fields[number] = {"Id": number, **record}
        return self.fields[number]

    def add_value(self, body: Mapping[str, object]) -> Record:
        shape = {"FieldId": Field("int", required=True), "Name": Field("str", required=True)}
        value = conform(body, shape | {"IsActive": Field("bool", default=False), "Position": Field("int", 1)})
        if self.fields.get(value["FieldId"], {}).get("FieldTypeId") not in LISTED:
            raise RefusedError(400, "The field has no values to choose from")
        number = 300 + self.next_id()
        self.values[number] = {"FieldValueId": number, **value, "Text": None}
        return self.values[number]

    def of_category(self, category: int) -> Iterator[Record]:
        for record in self.fields.values():
            if record["CategoryId"] == category:
                yield {name: record[name] for name in ("Name", "CategoryId", "IsActive")} | {
                    "FieldId": record["Id"],
                    "IsStockKeepingUnit": record["IsStockKeepingUnit"],
                }

    def values_of(self, number: int) -> list[Record]:
        return [value for value in self.values.values() if value["FieldId"] == number]

    def of(self, owner: tuple[str, int]) -> list[Record]:
        return self.assigned.setdefault(owner, [])

    def assign(self, owner: tuple[str, int], number: int, text: str) -> Record:
        """Create only: the same again is a second one, as in VTEX."""
        record: Record = {"Id": 1000 + self.next_id(), "FieldId": number, "FieldValueId": None, "Text": text}
        if self.fields[number]["FieldTypeId"] in LISTED:
            record["FieldValueId"] = self.value_named(number, text)["FieldValueId"]
        self.of(owner).append(record)
        return record

    def value_named(self, number: int, text: str) -> Record:
        found = [value for value in self.values_of(number) if value["Name"] == text]
        if not found:
            raise RefusedError(400, f"The field {number} has no value {text}")
        return found[0]

    def replace(self, owner: tuple[str, int], number: int, texts: Iterable[str]) -> None:
        """All values of this field; those of the others stay."""
        if number not in self.fields:
            raise RefusedError(400, f"Field {number} does not exist")
        wanted = list(texts)
        if self.fields[number]["FieldTypeId"] in LISTED:
            for text in wanted:
                self.value_named(number, text)
        self.assigned[owner] = [each for each in self.of(owner) if each["FieldId"] != number]
        for text in wanted:
            self.assign(owner, number, text)

    def named(self, name: str, categories: Iterable[int], *, of_skus: bool) -> int:
        """Of a category or of one above it: how the webservice finds it."""
        reach = set(categories)
        found = [
            number
            for number, record in self.fields.items()
            if record["Name"].casefold() == name.casefold()
            and record["CategoryId"] in reach
            and record["IsStockKeepingUnit"] == of_skus
        ]
        if not found:
            raise RefusedError(500, f"The field {name} was not found")
        return found[0]
