"""One connection's VTEX account: keys, clock, and each API by a question that changes nothing.

What only a write would show, a key that may read and not write, it does not find.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from app.config import ConnectionSettings, VtexSettings
from app.doctor.findings import Finding, NotInOrder, Question, Result
from app.doctor.listening import ListeningDoor
from app.vtex.store import VtexStore

_REST = "vtex.account, vtex.environment and vtex.rest_url"
_PRICING = "vtex.account and vtex.pricing_url"
_PAYMENTS = "vtex.account and vtex.payments_url"
_WEBSERVICE = "vtex.account and vtex.webservice_url"
#: What no store has: the answer is "there is none", as long as the key may ask.
_NO_CODE = "erp-vtex-bridge-doctor"
_NO_ID = 2**31 - 1


async def examine_store(
    store: VtexStore, connection: ConnectionSettings, door: ListeningDoor, more: list[Question]
) -> list[Finding]:
    """`more` are the questions of the orders, asked with the others."""
    first = Question("SKU list", _REST, partial(_sku_list, store))
    found = await first.asked()
    questions = [*_questions(store, connection), *more]
    if ill := _ill_keys(found, connection.vtex):
        left = [each.unasked("VTEX needs its keys first") for each in [first, *questions]]
        return [ill, await _clock(door), *left]
    if found.result is Result.ILL and (not found.was_answered or found.status == "404"):
        why = "VTEX's store cannot be reached" if not found.was_answered else "VTEX does not know the store"
        asking = [each.asked() if each.place != _REST else _later(each.unasked(why)) for each in questions]
    else:
        asking = [each.asked() for each in questions]
    others = await asyncio.gather(*asking)
    # Only now has everything that tells the time been heard.
    return [_keys([found, *others]), await _clock(door), found, *others]


async def _later(finding: Finding) -> Finding:
    return finding


def _ill_keys(found: Finding, vtex: VtexSettings) -> Finding | None:
    names = f"{vtex.app_key} and {vtex.app_token}"
    if found.status == "401":
        remedy = (
            f"put into {names} a key of the account {vtex.account} that is active there"
            " (Account settings > API keys) and its token"
        )
        return Finding("keys", Result.ILL, f"VTEX refuses {names} (401)", remedy)
    if found.result is Result.ILL and found.status is None:
        # They cannot be read: nothing was sent.
        return Finding("keys", Result.ILL, found.said, found.remedy)
    return None


def _keys(answers: list[Finding]) -> Finding:
    if any(each.shows_the_keys_are_good for each in answers):
        return Finding("keys")
    return Finding("keys", Result.UNASKED, "unknown: no answer of VTEX tells of them")


async def _clock(door: ListeningDoor) -> Finding:
    question = Question("clock", "", door.compare_clocks)
    return await question.asked() if door.heard_the_time else question.unasked("VTEX told no time")


def _questions(store: VtexStore, connection: ConnectionSettings) -> list[Question]:
    soap = connection.vtex.catalog == "webservice"
    catalog = _WEBSERVICE if soap else _REST
    questions = [
        Question("webservice" if soap else "products", catalog, partial(_find_product, store)),
        Question("brands", catalog, _nothing_said(partial(store.brands.named, _NO_CODE, None))),
        Question("categories", catalog, _nothing_said(partial(store.categories.named, _NO_CODE, None))),
        Question("trade policies", _REST, partial(_trade_policies, store)),
        Question("prices", _PRICING, _nothing_said(partial(store.pricing.read, _NO_ID))),
        Question("warehouses", _REST, partial(_warehouses, store)),
        Question("stock", _REST, _nothing_said(partial(store.logistics.read_balance, _NO_ID, _NO_CODE))),
    ]
    if connection.vtex.defaults is not None:
        questions.append(Question("defaults", catalog, partial(_defaults, store, connection.vtex)))
    if connection.erp and connection.erp.include_payments:
        questions.append(Question("payments", _PAYMENTS, _nothing_said(store.payments.ask_for_none)))
    return questions


def _nothing_said(ask: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[str]]:
    async def asked() -> str:
        await ask()
        return ""

    return asked


async def _sku_list(store: VtexStore) -> str:
    first: list[int] = await anext(store.skus.pages(), [])
    return "" if first else "the store has no SKU yet"


async def _find_product(store: VtexStore) -> str:
    await store.catalog.find_product(_NO_CODE)
    return ""


async def _trade_policies(store: VtexStore) -> str:
    if active := await store.trade_policies.active():
        return f"active: {', '.join(map(str, active))}"
    raise NotInOrder("no trade policy is active", "activate one in VTEX: nothing sells without it")


async def _warehouses(store: VtexStore) -> str:
    if active := sorted(each.id for each in await store.logistics.warehouses.listed() if each.is_active):
        return f"active: {', '.join(active)}"
    raise NotInOrder("no warehouse is active", "make one in VTEX, with a dock: stock has no other place")


async def _defaults(store: VtexStore, vtex: VtexSettings) -> str:
    assert vtex.defaults is not None
    category, brand = vtex.defaults.category_id, vtex.defaults.brand_id
    if await store.categories.read(category) is None:
        remedy = "set vtex.defaults.category_id to the id of one that VTEX has"
        raise NotInOrder(f"VTEX has no category {category}", remedy)
    if await store.brands.read(brand) is None:
        raise NotInOrder(f"VTEX has no brand {brand}", "set vtex.defaults.brand_id to the id of one it has")
    return f"category {category}, brand {brand}"
