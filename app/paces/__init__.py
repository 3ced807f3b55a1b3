"""Budgets and pauses, shared by all replicas: rows of the database, in the database's own clock."""

from app.paces.keeper import SharedPaces

__all__ = ["SharedPaces"]
