"""A stand-in VTEX store and a stand-in ERP that obey VTEX's documented rules."""

from app.sandbox.application import create_sandbox

__all__ = ["create_sandbox"]
