"""The store's trade policies (sales channels): which there are; REST in both modes."""

from app.config import VtexSettings
from app.vtex.rest import Rest

_PATH = "/api/catalog_system/pvt/saleschannel/list"


class TradePolicies:
    def __init__(self, rest: Rest, settings: VtexSettings) -> None:
        self._rest = rest
        self._address = settings.rest_base + _PATH

    async def active(self) -> list[int]:
        """The ids of those that sell."""
        reply = await self._rest.call("catalog", "list trade policies", "GET", self._address)
        return sorted(int(each["Id"]) for each in reply.listed() or [] if each.get("IsActive") is not False)
