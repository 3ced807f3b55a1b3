"""Brands and categories of the webservice.

Its DTOs lack some fields that REST has: an update keeps those, and a create gives them the values of VTEX's
own examples. Both are assumptions; VTEX documents neither.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from app.sandbox.catalog.products import keep_brand, keep_category
from app.sandbox.journal import note
from app.sandbox.state import Store, store_of
from app.sandbox.wire import Record, RefusedError

_SAME = ("Name", "Keywords", "AdWordsRemarketingCode", "LomadeeCampaignCode", "Score")
#: The DTO's name → REST's.
BRAND = {name: name for name in _SAME} | {"Description": "Text", "Title": "SiteTitle", "IsActive": "Active"}
CATEGORY = {
    name: name for name in (*_SAME, "Description", "Title", "IsActive", "FatherCategoryId", "ShowBrandFilter")
}
_NEW_CATEGORY = {
    "ShowInStoreFront": True,
    "ActiveStoreFrontLink": True,
    "StockKeepingUnitSelectionMode": "SPECIFICATION",
}


def brand_insert_update(request: Request, body: Record) -> Record | None:
    store = store_of(request)
    wanted = _wanted(body, "brand")
    number = _write(request, wanted, store.brands, BRAND, {}, keep_brand)
    return _dto(store.brands, number, BRAND)


def category_insert_update(request: Request, body: Record) -> Record | None:
    store = store_of(request)
    wanted = _wanted(body, "category")
    shown = {"ShowBrandFilter": True} if wanted.get("ShowBrandFilter") is None else {}
    number = _write(request, wanted, store.categories, CATEGORY, _NEW_CATEGORY | shown, keep_category)
    return _dto(store.categories, number, CATEGORY)


def _wanted(body: Record, parameter: str) -> Record:
    wanted: Record | None = body.get(parameter)
    if not wanted:
        raise RefusedError(500, f"{parameter} is required")
    return wanted


def _write(
    request: Request,
    wanted: Record,
    records: Mapping[int, Record],
    names: Mapping[str, str],
    new: Record,
    keep: Callable[[Store, int | None, Record], int],
) -> int:
    sent = {rest: wanted.get(member) for member, rest in names.items()}
    number: Any = wanted.get("Id")
    noun = "brand" if names is BRAND else "category"
    if number in records:
        note(request, f"{noun}.updated", id=number, name=sent["Name"])
        return keep(store_of(request), number, records[number] | sent)
    created = keep(store_of(request), None, sent | new | ({"Id": number} if number is not None else {}))
    note(request, f"{noun}.created", id=created, name=sent["Name"])
    return created


def brand_get(request: Request, body: Record) -> Record | None:
    return _dto(store_of(request).brands, body.get("idBrand") or 0, BRAND)


def brand_get_by_name(request: Request, body: Record) -> Record | None:
    return _by_name(store_of(request).brands, body.get("nameBrand"), BRAND)


def category_get(request: Request, body: Record) -> Record | None:
    return _dto(store_of(request).categories, body.get("idCategory") or 0, CATEGORY)


def category_get_by_name(request: Request, body: Record) -> Record | None:
    """One of the name, wherever it hangs."""
    return _by_name(store_of(request).categories, body.get("nameCategory"), CATEGORY)


def _by_name(records: Mapping[int, Record], name: str | None, names: Mapping[str, str]) -> Record | None:
    wanted = (name or "").casefold()
    found = [number for number, record in records.items() if record["Name"].casefold() == wanted]
    return _dto(records, min(found, default=0), names)


def _dto(records: Mapping[int, Record], number: int, names: Mapping[str, str]) -> Record | None:
    record = records.get(number)
    return record and {"Id": number} | {member: record[rest] for member, rest in names.items()}


TAXONOMY_OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "BrandInsertUpdate": brand_insert_update,
    "BrandGet": brand_get,
    "BrandGetByName": brand_get_by_name,
    "CategoryInsertUpdate": category_insert_update,
    "CategoryGet": category_get,
    "CategoryGetByName": category_get_by_name,
}
