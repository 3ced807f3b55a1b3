"""Each status of VTEX's orders means one thing."""

from itertools import combinations

from app.orders import status

SETS = {
    "handled": status.HANDLED,
    "canceled": status.CANCELED,
    "canceling": status.CANCELING,
    "replaced": {status.REPLACED},
    "before handling": status.BEFORE_HANDLING,
}


def test_no_status_means_two_things() -> None:
    shared = {(one, other): SETS[one] & SETS[other] for one, other in combinations(SETS, 2)}
    assert {pair: names for pair, names in shared.items() if names} == {}
