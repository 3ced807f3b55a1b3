"""The webservice's images: an address, a name, a SKU, and perhaps the file that it replaces.

What an update does with the label and the position, which the call does not have, is not documented: here
they stay.
"""

from collections.abc import Callable

from starlette.requests import Request

from app.sandbox.catalog.skus import add_image, replace_image
from app.sandbox.journal import note
from app.sandbox.state import store_of
from app.sandbox.wire import Record, RefusedError


def image_insert_update(request: Request, body: Record) -> Record | None:
    """Without a file id it is not idempotent, as in REST."""
    store, sku, number = store_of(request), body.get("stockKeepingUnitId") or 0, body.get("fileId")
    if sku not in store.skus:
        raise RefusedError(500, f"SKU {sku} not found")
    sent = {"Url": body.get("urlImage"), "Name": body.get("imageName")}
    before = next((image for image in store.images[sku] if image["Id"] == number), None)
    if before is None:
        image = add_image(store, sku, sent)
        effect = "image.added"
    else:
        image = replace_image(store, sku, before["Id"], before | sent)
        effect = "image.updated"
    note(request, effect, sku_id=sku, image_id=image["Id"], name=image["Name"], source_url=sent["Url"])
    return None


def image_list(request: Request, body: Record) -> Record | None:
    images = store_of(request).images.get(body.get("StockKeepingUnitId") or 0, [])
    names = ("Id", "Name", "Label", "IsMain", "Url", "FileLocation")
    listed = [{name: image[name] for name in names} for image in images]
    return {"ImageDTO": [each | {"StockKeepingUnitId": body["StockKeepingUnitId"]} for each in listed]}


IMAGE_OPERATIONS: dict[str, Callable[[Request, Record], Record | None]] = {
    "ImageServiceInsertUpdate": image_insert_update,
    "ImageListByStockKeepingUnitId": image_list,
}
