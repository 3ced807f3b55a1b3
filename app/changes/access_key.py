"""Brazil's NF-e access key: 44 characters, the last one checks the others."""

import re

#: State, month, CNPJ (which may have letters, NT 2025.001), model, series, number, code, check digit.
_NFE = re.compile(r"[1-5][0-9]{5}[0-9A-Z]{12}[0-9]{26}")


def checked(key: str) -> str:
    """Other countries' keys pass as they are; the states of Brazil have the codes 11 to 53."""
    if _NFE.fullmatch(key) and _check_digit(key[:43]) != key[43]:
        raise ValueError(
            f"its last digit is {key[43]}, the other 43 make it {_check_digit(key[:43])}: a digit is mistyped"
        )
    return key


def _check_digit(body: str) -> str:
    """Modulo 11, weights 2 to 9 from the right; a letter counts as its place in ASCII after 0."""
    weighted = sum((ord(each) - ord("0")) * (2 + place % 8) for place, each in enumerate(reversed(body)))
    rest = weighted % 11
    return str(0 if rest < 2 else 11 - rest)  # noqa: PLR2004  as the NF-e's manual has it
