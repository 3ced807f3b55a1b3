"""One connection's VTEX store: everything that VTEX can do for it."""

from dataclasses import dataclass

from app.config import VtexSettings
from app.http.door import Door
from app.vtex.catalog import Catalog
from app.vtex.catalog_rest import RestCatalog
from app.vtex.catalog_webservice import WebserviceCatalog
from app.vtex.logistics import Logistics
from app.vtex.orders import Orders
from app.vtex.pricing import Pricing
from app.vtex.rest import Rest
from app.vtex.soap import Webservice


@dataclass(frozen=True, slots=True)
class VtexStore:
    catalog: Catalog
    pricing: Pricing
    logistics: Logistics
    orders: Orders


def open_store(door: Door, connection: str, settings: VtexSettings) -> VtexStore:
    rest = Rest(door, connection, settings)
    catalog: Catalog = RestCatalog(rest, settings)
    if settings.catalog == "webservice":
        catalog = WebserviceCatalog(Webservice(door, connection, settings))
    return VtexStore(catalog, Pricing(rest, settings), Logistics(rest, settings), Orders(rest, settings))
