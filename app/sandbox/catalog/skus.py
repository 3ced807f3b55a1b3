"""SKUs with their EANs and images: the rules of writing and activating them."""

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal

from app.sandbox.catalog.shape import Field, check_new_id, conform
from app.sandbox.catalog.specifications import applicable
from app.sandbox.state import Store
from app.sandbox.wire import Record, RefusedError

UNITS = "un kg g mg m m² m³ cm cm² cm³ mm mm² mm³ oz lb ft ft² ft³ in in² in³"
ZERO = Decimal("0.0")

SKU_FIELDS = {
    "ProductId": Field("int", required=True),
    "IsActive": Field("bool", default=False),
    "ActivateIfPossible": Field("bool", default=False),
    "Name": Field("str", required=True, max_length=200),
    "RefId": Field("str", "", max_length=50),
    "PackagedHeight": Field("number", required=True),
    "PackagedLength": Field("number", required=True),
    "PackagedWidth": Field("number", required=True),
    "PackagedWeightKg": Field("number", required=True),
    "Height": Field("number", ZERO),
    "Length": Field("number", ZERO),
    "Width": Field("number", ZERO),
    "WeightKg": Field("number", ZERO),
    "CubicWeight": Field("number", ZERO),
    "IsKit": Field("bool", default=False),
    "CreationDate": Field("str"),
    "RewardValue": Field("number", ZERO),
    "EstimatedDateArrival": Field("date"),
    "ManufacturerCode": Field("str", "", max_length=100),
    "CommercialConditionId": Field("int", 1),
    "MeasurementUnit": Field("str", "un", one_of=frozenset(UNITS.split())),
    "UnitMultiplier": Field("number", Decimal("1.0")),
    "ModalType": Field("str", max_length=100),
    "KitItensSellApart": Field("bool", default=False),
    "Videos": Field("list[str]", []),
}

IMAGE_FIELDS = {
    "IsMain": Field("bool", default=False),
    "Label": Field("str"),
    "Name": Field("str", required=True),
    "Text": Field("str"),
    "Url": Field("str", required=True),
    "Position": Field("int"),
}


def create_sku(store: Store, body: Mapping[str, object]) -> Record:
    if body.get("IsActive") is True:
        raise RefusedError(400, "A SKU cannot be created active")
    number = check_new_id(body, store.skus)
    ean = body.get("Ean")
    if ean is not None and not isinstance(ean, str):
        raise RefusedError(400, "Ean must be str")
    record = _sku_record(store, body, own_id=None, has_ean=bool(ean))
    number = number or store.next_id("sku", store.skus)
    record["CreationDate"] = record["CreationDate"] or store.moment().strftime("%Y-%m-%dT%H:%M:%S.%f")
    _keep_sku(store, number, record)
    if ean:
        store.eans[number].append(ean)
    return store.skus[number]


def replace_sku(store: Store, number: int, body: Mapping[str, object]) -> Record:
    """VTEX Catalog API, PUT SKU: it replaces, and an omitted IsActive deactivates the SKU."""
    old = store.skus[number]
    record = _sku_record(store, body, own_id=number, has_ean=bool(store.eans[number]))
    record["CreationDate"] = old["CreationDate"]
    record["IsKit"] = record["IsKit"] or old["IsKit"]  # irreversible, says VTEX
    if record["IsActive"] and lacks_specification(store, number, record["ProductId"]):
        raise RefusedError(400, "A SKU cannot be active while a required specification is empty")
    if record["IsActive"] and (not store.images[number] or (record["IsKit"] and not has_part(store, number))):
        # VTEX release note: activation is validated.
        raise RefusedError(400, "A SKU cannot be active without an image, nor a kit without active parts")
    store.sku_by_ref.pop(old["RefId"], None)
    store.product_skus[old["ProductId"]].discard(number)
    _keep_sku(store, number, record)
    activate_if_possible(store, number)
    return store.skus[number]


def _keep_sku(store: Store, number: int, record: Record) -> None:
    store.skus[number] = {"Id": number, **record}
    store.product_skus[record["ProductId"]].add(number)
    if record["RefId"]:
        store.sku_by_ref[record["RefId"]] = number


def _sku_record(store: Store, body: Mapping[str, object], own_id: int | None, *, has_ean: bool) -> Record:
    record = conform(body, SKU_FIELDS)
    if record["ProductId"] not in store.products:
        raise RefusedError(400, f"Product {record['ProductId']} does not exist")
    if record["PackagedWeightKg"] <= 0:
        raise RefusedError(400, "PackagedWeightKg must be greater than 0")
    if record["CommercialConditionId"] < 1:
        raise RefusedError(400, "CommercialConditionId must be greater than 0")
    if not record["RefId"] and not has_ean:
        raise RefusedError(400, "A SKU needs a RefId or an EAN")
    if store.sku_by_ref.get(record["RefId"], own_id) != own_id:
        raise RefusedError(409, f"RefId {record['RefId']} belongs to another SKU")
    return record


def activate_if_possible(store: Store, number: int) -> None:
    """VTEX guide on SKUs: image, RefId or EAN, and an active product, brand and category."""
    sku = store.skus[number]
    if not sku["ActivateIfPossible"] or not store.images[number]:
        return
    if sku["IsKit"] and not has_part(store, number):
        return
    if lacks_specification(store, number, sku["ProductId"]):
        return
    product = store.products[sku["ProductId"]]
    brand, category = store.brands[product["BrandId"]], store.categories[product["CategoryId"]]
    if product["IsActive"] and brand["Active"] and category["IsActive"]:
        sku["IsActive"] = True


def lacks_specification(store: Store, number: int, product: int) -> bool:
    """VTEX guide on SKUs: all required specifications are filled."""
    filled = {each["FieldId"] for each in store.sku_specifications[number].values()}
    fields = applicable(store, product, of_skus=True)
    return any(each["IsRequired"] and each["IsActive"] and each["Id"] not in filled for each in fields)


def has_part(store: Store, kit: int) -> bool:
    """VTEX guide on SKUs: a kit needs at least one active component."""
    parts = [
        each["StockKeepingUnitId"]
        for each in store.kit_parts.values()
        if each["StockKeepingUnitParent"] == kit
    ]
    return any(store.skus[part]["IsActive"] for part in parts if part in store.skus)


def activate_skus_of(store: Store, product: int) -> None:
    for number in store.product_skus[product]:
        activate_if_possible(store, number)


def add_image(store: Store, sku: int, body: Mapping[str, object]) -> Record:
    """Store an image. It is not idempotent: the same image again is a second one (VTEX known issue)."""
    number = store.next_image_id()
    image = _image(store, sku, number, body)
    if not store.images[sku]:
        image["IsMain"] = True
    if image["Position"] is None:
        image["Position"] = len(store.images[sku])
    _one_main(store, sku, image)
    store.images[sku].append(image)
    activate_if_possible(store, sku)
    return image


def replace_image(store: Store, sku: int, number: int, body: Mapping[str, object]) -> Record:
    images = store.images[sku]
    index = next((index for index, image in enumerate(images) if image["Id"] == number), None)
    if index is None:
        raise RefusedError(404, f"File {number} not found")
    image = _image(store, sku, number, body)
    if image["Position"] is None:
        image["Position"] = images[index]["Position"]
    _one_main(store, sku, image)
    images[index] = image
    return image


def arrange_images(store: Store, sku: int, places: Mapping[int, int]) -> None:
    """All images or none; the one in position 0 is the main one (VTEX Catalog API, reorder)."""
    images = store.images[sku]
    if places.keys() != {image["Id"] for image in images}:
        raise RefusedError(400, "All files are required")
    for image in images:
        image["Position"] = places[image["Id"]]
        image["IsMain"] = image["Position"] == 0


def _one_main(store: Store, sku: int, main: Record) -> None:
    for image in store.images[sku] if main["IsMain"] else []:
        image["IsMain"] = image["Id"] == main["Id"]


def _image(store: Store, sku: int, number: int, body: Mapping[str, object]) -> Record:
    image = conform(body, IMAGE_FIELDS)
    if not re.fullmatch(r"https?://\S+\.(jpg|png|gif)", image["Url"], re.IGNORECASE):
        raise RefusedError(400, "Url must be http(s) and end in .jpg, .png or .gif")
    # VTEX downloads the image and serves its own copy: the original Url is nowhere in the answers.
    digest = hashlib.sha256(image["Url"].encode()).hexdigest()[:32].upper()
    archive = number + 100_000
    host = f"{store.account}.vteximg.com.br"
    return {
        "Id": number,
        "ArchiveId": archive,
        "SkuId": sku,
        "Name": image["Name"],
        "IsMain": image["IsMain"],
        "Label": image["Label"],
        "Text": None,  # VTEX known issue: always null in answers
        "Url": f"https://{host}/files/ids/{archive}/{digest}",
        "FileLocation": f"vteximg.com.br/files/ids/{archive}/{digest}",
        "Position": image["Position"],
    }
