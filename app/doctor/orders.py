"""The ways by which orders come: reading and listing them, the feed, the hook."""

from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from app.config import ConnectionSettings, OrderSettings, VtexSettings
from app.doctor.findings import NotInOrder, Question
from app.http.door import Outgoing, Sender
from app.orders.feed import Feed, Whose, feed_filter
from app.orders.hook import SECRET_HEADER, hook_address, whose_hook
from app.orders.status import READY, watched
from app.vtex.orders import Orders
from app.vtex.store import VtexStore

_PLACE = "vtex.account, vtex.environment and vtex.rest_url"
_NO_ORDER = "erp-vtex-bridge-doctor"
_HOOK_SECONDS = 9.0
#: As VTEX asks when a hook is configured.
_PING = b'{"hookConfig":"ping"}'
_FOREIGN = (
    "give the bridge an app key of its own, or set orders.take_over = true: then the poller replaces it, and"
    " whoever made it gets no more"
)


def order_questions(orders: Orders, feed: Feed, connection: ConnectionSettings) -> list[Question]:
    """An invoice is of an order: it is read in any case; the others where there is an ERP to tell."""
    settings, sources = connection.orders, connection.order_sources
    statuses = watched(connection)
    questions = [Question("order", _PLACE, partial(_read, orders))]
    if sources:
        questions.append(Question("order list", _PLACE, partial(_list, orders)))
    if "feed" in sources:
        questions.append(Question("feed", _PLACE, partial(_feed, orders, feed, settings)))
    if "hook" in sources:
        questions.append(Question("hook", _PLACE, partial(_hook, orders, settings, statuses)))
    return questions


def seller_questions(store: VtexStore, vtex: VtexSettings) -> list[Question]:
    """Of the accounts that take the sellers' invoices, each with keys of its own."""
    return [
        Question(f"order of seller {seller}", f"vtex.sellers.{seller}", partial(_read, store.sellers[seller]))
        for seller, account in vtex.sellers.items()
        # Else it is this account, under another id.
        if account.account != vtex.account
    ]


def address_questions(name: str, connection: ConnectionSettings, door: Sender) -> list[Question]:
    """Where VTEX finds us."""
    if "hook" not in connection.order_sources:
        return []
    ask = partial(_hook_address, name, connection.orders, door)
    return [Question("hook address", "orders.hook_url", ask)]


async def _read(orders: Orders) -> str:
    """None that exists: an order is somebody's personal data."""
    await orders.read(_NO_ORDER)
    return ""


async def _list(orders: Orders) -> str:
    waiting = (await orders.listed([READY], 1)).total
    return f"{waiting} ready for handling"


async def _feed(orders: Orders, feed: Feed, settings: OrderSettings) -> str:
    present = await orders.feed_configuration()
    match await feed.whose(present):
        case Whose.NOBODYS:
            return "there is none yet; the poller makes it when it runs"
        case Whose.OURS_BUT_OTHER:
            return "ours, with other statuses; the poller changes it when it runs"
        case Whose.OURS:
            return _waiting(present or {})
    named = feed_filter(present)
    said = f"this app key has one that is not ours (type {named['type']}, statuses {named['status']})"
    return _taken_over(said, settings)


def _waiting(present: dict[str, object]) -> str:
    """VTEX counts them where it has any."""
    count, age = present.get("quantity"), present.get("approximateAgeOfOldestMessageInSeconds")
    return f"ours; {count} wait in it, the oldest for {age} s" if count else "ours; nothing waits in it"


async def _hook(orders: Orders, settings: OrderSettings, statuses: frozenset[str]) -> str:
    present = await orders.hook_configuration()
    match whose_hook(present, settings, statuses):
        case Whose.NOBODYS:
            return "there is none yet; the poller makes it when it runs"
        case Whose.OURS_BUT_OTHER:
            return "ours, with other statuses or another secret; the poller changes it when it runs"
        case Whose.OURS:
            return "ours"
    # Without what else an address may hold.
    host = urlsplit(hook_address(present) or "").hostname
    return _taken_over(f"this app key has one that is not ours, to {host}", settings)


def _taken_over(said: str, settings: OrderSettings) -> str:
    if settings.take_over:
        return f"{said}; orders.take_over is true: the poller replaces it when it runs"
    raise NotInOrder(said, _FOREIGN)


async def _hook_address(name: str, settings: OrderSettings, door: Sender) -> str:
    """As VTEX does before it takes a hook; our own endpoint knows the ping, and keeps nothing of it."""
    assert settings.hook_url is not None
    assert settings.hook_secret is not None
    secret = settings.hook_secret.get()
    answer = await door.send(
        Outgoing(
            connection=name,
            api="hook",
            operation="ping",
            method="POST",
            url=str(settings.hook_url),
            headers={"Content-Type": "application/json", SECRET_HEADER: secret},
            content=_PING,
            timeout_seconds=_HOOK_SECONDS,
            secrets=(secret,),
        )
    )
    if answer.status_code == HTTPStatus.OK:
        return "the bridge answers there"
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise NotInOrder(
            "whoever answers there does not know orders.hook_secret (401)",
            "let orders.hook_url lead to a bridge with this configuration, and start it anew",
        )
    raise NotInOrder(
        f"it answers {answer.status_code} to VTEX's ping, which must be 200",
        "let orders.hook_url lead to /v1/vtex/hook/orders of a bridge that runs",
    )
