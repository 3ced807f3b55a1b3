"""The images of a SKU through VTEX's SOAP webservice, which knows their addresses and names alone.

Labels, texts and the order go through REST, and so do removals: the webservice removes either all images of
a SKU, or by a name without saying of which SKU. Its ids of files stay in here, for VTEX does not say whether
they are REST's.
"""

from app.vtex.catalog import Record
from app.vtex.catalog.images import ImageFile
from app.vtex.catalog.rest.images import RestImages
from app.vtex.soap import Webservice

_NOT_IN_IT = frozenset({"Label", "Text"})


class WebserviceImages:
    def __init__(self, webservice: Webservice, rest: RestImages) -> None:
        self._webservice = webservice
        self._rest = rest
        self.listed = rest.listed
        self.remove = rest.remove
        self.arrange = rest.arrange

    async def upload(self, sku_id: int, file: ImageFile | None, image: Record) -> None:
        file_id = await self._file_id(sku_id, file.name) if file else None
        if image.keys() & _NOT_IN_IT or (file and file_id is None):
            await self._rest.upload(sku_id, file, image)
            return
        await self._webservice.call("ImageServiceInsertUpdate", image["Url"], image["Name"], sku_id, file_id)

    async def _file_id(self, sku_id: int, name: str) -> int | None:
        found = await self._webservice.listed("ImageListByStockKeepingUnitId", sku_id)
        ids = [each.get("Id") for each in found if each.get("Name") == name]
        return ids[0] if len(ids) == 1 else None
