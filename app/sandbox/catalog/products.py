"""Products, brands and categories: the rules of writing them, shared by REST and the webservice."""

from collections.abc import Mapping

from app.sandbox.catalog.shape import Field, check_new_id, conform, slug
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError

PRODUCT_FIELDS = {
    "Name": Field("str", required=True, max_length=150),
    "DepartmentId": Field("int"),
    "CategoryId": Field("int", required=True),
    "BrandId": Field("int", required=True),
    "LinkId": Field("str", "", max_length=255),
    "RefId": Field("str", "", max_length=100),
    "IsVisible": Field("bool", default=False),
    "Description": Field("str", ""),
    "DescriptionShort": Field("str", ""),
    "ReleaseDate": Field("date"),
    "KeyWords": Field("str", ""),
    "Title": Field("str", "", max_length=150),
    "IsActive": Field("bool", default=False),
    "TaxCode": Field("str", max_length=50),
    "MetaTagDescription": Field("str", ""),
    "SupplierId": Field("int"),
    "ShowWithoutStock": Field("bool", default=False),
    "AdWordsRemarketingCode": Field("str"),
    "LomadeeCampaignCode": Field("str"),
    "Score": Field("int"),
}

BRAND_FIELDS = {
    "Name": Field("str", required=True),
    "Text": Field("str", ""),
    "Keywords": Field("str", ""),
    "SiteTitle": Field("str", ""),
    "Active": Field("bool", default=False),
    "MenuHome": Field("bool", default=False),
    "AdWordsRemarketingCode": Field("str"),
    "LomadeeCampaignCode": Field("str"),
    "Score": Field("int"),
    "LinkId": Field("str"),
}

CATEGORY_FIELDS = {
    "Name": Field("str", required=True),
    "FatherCategoryId": Field("int"),
    "Title": Field("str", ""),
    "Description": Field("str", ""),
    "Keywords": Field("str", ""),
    "IsActive": Field("bool", default=False),
    "LomadeeCampaignCode": Field("str"),
    "AdWordsRemarketingCode": Field("str"),
    "ShowInStoreFront": Field("bool", default=False),
    "ShowBrandFilter": Field("bool", default=False),
    "ActiveStoreFrontLink": Field("bool", default=False),
    "GlobalCategoryId": Field("int", 0),
    "StockKeepingUnitSelectionMode": Field("str", "LIST", one_of=frozenset({"LIST", "SPECIFICATION"})),
    "Score": Field("int"),
}

#: VTEX Catalog API requires these keys in a category, the nullable ones included; its guide omits two.
CATEGORY_KEYS = frozenset(CATEGORY_FIELDS) - {"LomadeeCampaignCode", "AdWordsRemarketingCode"}


def create_product(store: Store, body: Mapping[str, object]) -> Record:
    number = check_new_id(body, store.products)
    filled = {**body, **_by_names(store, body)}
    record = _product_record(store, filled, own_id=None)
    # VTEX known issue: ReleaseDate null, or none, becomes today when a product is created.
    record["ReleaseDate"] = record["ReleaseDate"] or store.moment().strftime("%Y-%m-%dT00:00:00")
    number = number or store.next_id("product", store.products)
    _keep_product(store, number, record)
    store.sales_policies[number] = {1}
    return store.products[number]


def replace_product(store: Store, number: int, body: Mapping[str, object]) -> Record:
    """VTEX Catalog API, PUT product: what is omitted is erased, omitted booleans become false."""
    record = _product_record(store, body, own_id=number)
    store.product_by_ref.pop(store.products[number]["RefId"], None)
    _keep_product(store, number, record)
    return store.products[number]


def _keep_product(store: Store, number: int, record: Record) -> None:
    store.products[number] = {"Id": number, **record}
    if record["RefId"]:
        store.product_by_ref[record["RefId"]] = number


def _product_record(store: Store, body: Mapping[str, object], own_id: int | None) -> Record:
    record = conform(body, PRODUCT_FIELDS)
    if record["CategoryId"] not in store.categories:
        raise RefusedError(400, f"Category {record['CategoryId']} does not exist")
    if record["BrandId"] not in store.brands:
        raise RefusedError(400, f"Brand {record['BrandId']} does not exist")
    if record["DepartmentId"] is not None and record["DepartmentId"] not in store.categories:
        raise RefusedError(400, f"Department {record['DepartmentId']} does not exist")
    if store.product_by_ref.get(record["RefId"], own_id) != own_id:
        raise RefusedError(409, f"RefId {record['RefId']} belongs to another product")
    record["DepartmentId"] = category_path(store, record["CategoryId"])[0]
    record["LinkId"] = record["LinkId"] or slug(record["Name"])
    return record


def category_path(store: Store, category: int) -> list[int]:
    """From the department down to the category itself."""
    father: int | None = store.categories[category]["FatherCategoryId"]
    return [category] if father is None else [*category_path(store, father), category]


def _by_names(store: Store, body: Mapping[str, object]) -> Record:
    """VTEX Catalog API, POST product: CategoryPath and BrandName create what is missing, by name."""
    ids: Record = {}
    path, brand = body.get("CategoryPath"), body.get("BrandName")
    for name, value in (("CategoryPath", path), ("BrandName", brand)):
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise RefusedError(400, f"{name} must be a string")
    # Everything else is checked first: a refused product must not leave a category behind.
    chosen = {name: body.get(name) or 1 for name in ("CategoryId", "BrandId")}
    conform({**body, **chosen}, PRODUCT_FIELDS)
    if isinstance(path, str):
        ids["CategoryId"] = _category_by_path(store, path)
    if isinstance(brand, str):
        ids["BrandId"] = _brand_by_name(store, brand)
    return ids


def _category_by_path(store: Store, path: str) -> int:
    father: int | None = None
    for name in path.split("/"):
        father = next(
            (
                number
                for number, category in store.categories.items()
                if category["Name"] == name and category["FatherCategoryId"] == father
            ),
            None,
        ) or keep_category(store, None, {"Name": name, "FatherCategoryId": father, "IsActive": True})
    return father or 0


def _brand_by_name(store: Store, name: str) -> int:
    found = (number for number, brand in store.brands.items() if brand["Name"] == name)
    return next(found, 0) or keep_brand(store, None, {"Name": name, "Active": True})


def keep_brand(store: Store, number: int | None, body: Mapping[str, object]) -> int:
    """Create (no number) or replace a brand. LinkId in a PUT is ignored (VTEX known issue)."""
    record = conform(body, BRAND_FIELDS)
    if number is None:
        number = check_new_id(body, store.brands) or store.next_id("brand", store.brands)
        record["LinkId"] = record["LinkId"] or slug(record["Name"])
    else:
        record["LinkId"] = store.brands[number]["LinkId"]
    store.brands[number] = {"Id": number, **record}
    return number


def keep_category(store: Store, number: int | None, body: Mapping[str, object]) -> int:
    record = conform(body, CATEGORY_FIELDS)
    father = record["FatherCategoryId"]
    if father is not None and (father not in store.categories or number in category_path(store, father)):
        raise RefusedError(400, f"Category {father} does not exist or is below this one")
    number = number or check_new_id(body, store.categories) or store.next_id("category", store.categories)
    store.categories[number] = {"Id": number, **record, "LinkId": slug(record["Name"])}
    return number
