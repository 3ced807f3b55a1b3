"""The images of a SKU through VTEX's Catalog REST API."""

from typing import Any

from app.config import VtexSettings
from app.vtex.catalog import Record, overlay
from app.vtex.catalog.images import ImageFile
from app.vtex.rest import Reply, Rest, path

_NOT_FOUND = 404


class RestImages:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._base = settings.rest_base

    async def listed(self, sku_id: int) -> list[ImageFile] | None:
        reply = await self._rest.call(
            "catalog", "list images", "GET", self._files(sku_id), expected={_NOT_FOUND}
        )
        if reply.status == _NOT_FOUND:
            return None
        files = [_file(each) for each in reply.listed() or []]
        # VTEX orders those of one position by their ids.
        return sorted(files, key=lambda file: (file.position, file.id))

    async def upload(self, sku_id: int, file: ImageFile | None, image: Record) -> None:
        if file is None:
            await self._call("add image", "POST", self._files(sku_id), overlay({}, image))
            return
        address = self._files(sku_id) + path("/{file}", file=file.id)
        kept = {"Label": file.label, "IsMain": file.is_main, "Position": file.position}
        await self._call("replace image", "PUT", address, overlay(kept, image))

    async def remove(self, sku_id: int, file_id: int) -> None:
        address = self._files(sku_id) + path("/{file}", file=file_id)
        await self._rest.call("catalog", "remove image", "DELETE", address, expected={_NOT_FOUND})

    async def arrange(self, sku_id: int, file_ids: list[int]) -> None:
        places = [{"Id": file_id, "Position": place} for place, file_id in enumerate(file_ids)]
        await self._call("arrange images", "PUT", self._files(sku_id) + "/reorder", places)

    def _files(self, sku_id: int) -> str:
        return self._base + path("/api/catalog/pvt/stockkeepingunit/{id}/file", id=sku_id)

    async def _call(self, operation: str, method: str, address: str, body: Any = None) -> Reply:
        return await self._rest.call("catalog", operation, method, address, json=body)


def _file(found: Record) -> ImageFile:
    return ImageFile(
        id=int(found["Id"]),
        name=found.get("Name") or "",
        label=found.get("Label"),
        is_main=bool(found.get("IsMain")),
        position=int(found.get("Position") or 0),
    )
