"""The ERP's units of weight and length, converted to the store's; never guessed."""

from decimal import Decimal

_GRAMS = {"g": Decimal(1), "kg": Decimal(1000)}
_MILLIMETRES = {"mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1000)}


def weight(value: Decimal, *, unit: str, store_unit: str) -> Decimal:
    return _plain(value * _GRAMS[unit] / _GRAMS[store_unit])


def length(value: Decimal, *, unit: str, store_unit: str) -> Decimal:
    return _plain(value * _MILLIMETRES[unit] / _MILLIMETRES[store_unit])


def _plain(value: Decimal) -> Decimal:
    """Four decimals (VTEX's own scale for measures), without trailing zeros or exponent."""
    value = value.quantize(Decimal("0.0001")).normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value
