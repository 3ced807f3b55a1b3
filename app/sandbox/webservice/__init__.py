"""The catalogue webservice (SOAP) of the stand-in store, over the same records as REST."""

from app.sandbox.webservice.endpoint import ROUTES

__all__ = ["ROUTES"]
