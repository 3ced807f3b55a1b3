"""Which quotas a request is paid from, and what the other side's own headers say."""

import pytest

from app.config import parse
from app.http.answer import Answer, Credits
from app.http.bucket import Quota
from app.http.limits import PUBLISHED, Call, Limit, Limits, limits_of
from tests.test_config import VTEX


def names(call: Call) -> list[str]:
    return [limit.name for limit in Limits().of(call)]


@pytest.mark.parametrize(
    ("api", "operation", "method", "expected"),
    [
        ("pricing", "write price", "PUT", ["pricing writes"]),
        ("pricing", "remove price", "DELETE", ["pricing deletes"]),
        ("pricing", "read price", "GET", ["pricing reads"]),
        ("orders", "read order", "GET", ["order reads"]),
        ("orders", "invoice", "POST", ["orders"]),
        ("catalog", "read sku", "GET", ["catalog: read sku", "catalog"]),
        ("logistics", "write quantity", "PATCH", ["logistics"]),
        ("erp", "callback", "POST", ["erp"]),
    ],
)
def test_a_request_passes_all_quotas_that_apply(
    api: str, operation: str, method: str, expected: list[str]
) -> None:
    assert names(Call("acme", api, operation, method)) == expected


def test_an_endpoint_of_the_catalogue_has_the_published_figure() -> None:
    endpoint, overall = Limits().of(Call("acme", "catalog", "read sku", "GET"))
    assert (endpoint.quota, overall.quota) == (Quota(15_000), Quota(45_000))


def configured() -> Limits:
    first = VTEX | {"budgets": {"pricing_writes": {"per_minute": 600, "burst": 10}}}
    second = VTEX | {"app_key": "env:TEST_CALLBACK_SECRET"}
    callback = {"callback_url": "https://erp.example.com/x", "callback_secret": "env:TEST_CALLBACK_SECRET"}
    erp = callback | {"budget": {"per_minute": 60}}
    connections = {"acme": {"vtex": first, "erp": erp}, "again": {"vtex": second}}
    return limits_of(parse({"connections": connections}).connections)


def test_what_is_configured_goes_before_what_is_published() -> None:
    write = Call("acme", "pricing", "write price", "PUT")
    assert configured().of(write) == (Limit("acme", "pricing writes", Quota(600, 10)),)
    assert configured().of(write._replace(method="DELETE"))[0].quota == PUBLISHED["pricing deletes"]
    assert configured().of(Call("acme", "erp", "callback", "POST"))[0].quota == Quota(60)


def test_connections_to_one_account_share_its_quota_but_not_their_erps() -> None:
    assert configured().of(Call("again", "pricing", "write price", "PUT"))[0].owner == "acme"
    assert configured().of(Call("again", "erp", "callback", "POST"))[0].owner == "again"


def test_a_sellers_account_has_its_own_quota_wherever_it_is_used() -> None:
    keys = {"app_key": "env:TEST_APP_KEY", "app_token": "env:TEST_APP_TOKEN"}
    market = VTEX | {"sellers": {"1b": {"account": "lojab", **keys}, "1c": {"account": "lojac", **keys}}}
    seller = VTEX | {"account": "lojab", "app_key": "env:TEST_CALLBACK_SECRET"}
    connections = parse({"connections": {"market": {"vtex": market}, "lojab": {"vtex": seller}}}).connections
    read = Call("market/1b", "orders", "read order", "GET")
    limits = limits_of(connections)
    assert [limit.owner for limit in limits.of(read)] == ["lojab"]
    assert [limit.owner for limit in limits.of(read._replace(connection="market/1c"))] == ["market/1c"]
    assert [limit.owner for limit in limits.of(read._replace(connection="market"))] == ["market"]


@pytest.mark.parametrize("prefix", ["ratelimit", "x-ratelimit"])
def test_the_credits_are_read_in_both_spellings(prefix: str) -> None:
    headers = {f"{prefix}-limit": "500", f"{prefix}-remaining": "20", f"{prefix}-reset": "15"}
    assert Answer(200, headers, b"").credits() == Credits(500, 20, 32.0)


@pytest.mark.parametrize("reset", ["1790000000", "soon", "0", ""])
def test_a_reset_that_is_no_number_of_seconds_tells_no_rate(reset: str) -> None:
    headers = {"ratelimit-limit": "500", "ratelimit-remaining": "20", "ratelimit-reset": reset}
    assert Answer(200, headers, b"").credits() == Credits(500, 20, None)


def test_an_answer_without_credits_says_nothing() -> None:
    assert Answer(200, {}, b"").credits() is None
    assert Answer(200, {"ratelimit-limit": "many", "ratelimit-remaining": "1"}, b"").credits() is None
