"""The configuration: a TOML file, overridden by environment, secrets only by reference."""

from app.config.reading import load, parse
from app.config.secret import SecretRef
from app.config.settings import (
    DeliverySettings,
    ErpSettings,
    OrderSettings,
    RetentionSettings,
    Settings,
    VtexSettings,
)

__all__ = [
    "DeliverySettings",
    "ErpSettings",
    "OrderSettings",
    "RetentionSettings",
    "SecretRef",
    "Settings",
    "VtexSettings",
    "load",
    "parse",
]
