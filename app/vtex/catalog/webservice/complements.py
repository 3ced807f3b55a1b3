"""Complements of SKUs through VTEX's SOAP webservice, which can only add: REST reads and removes them."""

from app.vtex.catalog.complements import ACCESSORY, SHOW_TOGETHER, SIMILAR, SUGGESTION, Complement
from app.vtex.catalog.rest.complements import RestComplements
from app.vtex.soap import Webservice

#: As its contract spells them.
_NAMES = {
    ACCESSORY: "Accessory",
    SUGGESTION: "Sugestion",
    SIMILAR: "Similarly",
    SHOW_TOGETHER: "ShowTogether",
}


class WebserviceComplements:
    def __init__(self, webservice: Webservice, rest: RestComplements) -> None:
        self._webservice = webservice
        self._rest = rest

    async def of(self, parent_id: int) -> list[Complement]:
        return await self._rest.of(parent_id)

    async def add(self, parent_id: int, type_id: int, wanted: list[int], missing: list[int]) -> None:  # noqa: ARG002  REST's list
        # Whether a list adds or replaces is not documented: the whole one is right either way.
        members = {
            "ComplementType": _NAMES[type_id],
            "StockKeepingUnitComplements": {"int": wanted},
            "StockKeepingUnitId": parent_id,
        }
        await self._webservice.call("StockKeepingUnitComplementInsertUpdate", members)

    async def remove(self, complement: Complement) -> None:
        await self._rest.remove(complement)
