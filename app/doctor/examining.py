"""All of it, in the order in which a person would ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from app.config import Settings
from app.database import Database
from app.doctor.callback import callback_questions
from app.doctor.findings import Finding, Result
from app.doctor.listening import ListeningDoor
from app.doctor.onlooking import OnlookingPaces
from app.doctor.orders import address_questions, order_questions, seller_questions
from app.doctor.own import examine_database, read_configuration
from app.doctor.sealed import sealed_question
from app.doctor.vtex import examine_store
from app.http.door import Door
from app.http.gate import Gate
from app.http.limits import limits_of
from app.orders.feed import Feed
from app.orders.status import watched
from app.paces import SharedPaces
from app.vtex.store import open_store


async def examine(settings: Settings, connections: Sequence[str], *, send_test: bool) -> list[Finding]:
    database = Database(settings.database)
    try:
        own = [*read_configuration(settings), *await examine_database(settings, database)]
        has_database = all(each.result is Result.OK for each in own[-2:])
        door = _door(settings, database, shared=has_database)
        try:
            each = await asyncio.gather(
                *(
                    _examine_connection(
                        settings, name, database, door, has_database=has_database, send_test=send_test
                    )
                    for name in connections
                )
            )
        finally:
            await door.close()
    finally:
        await database.close()
    return [*own, *(finding for findings in each for finding in findings)]


def _door(settings: Settings, database: Database, *, shared: bool) -> Door:
    """Without the database there are no budgets; but then the bridge itself sends nothing either."""
    if not shared:
        return Door()
    return Door(Gate(OnlookingPaces(SharedPaces(database)), limits_of(settings.connections)))


async def _examine_connection(
    settings: Settings, name: str, database: Database, door: Door, *, has_database: bool, send_test: bool
) -> list[Finding]:
    connection = settings.connections[name]
    listening = ListeningDoor(door)
    store = open_store(listening, name, connection.vtex)
    feed = Feed(name, store.orders, database, connection.orders, watched(connection))
    of_orders = order_questions(store.orders, feed, connection)
    found = await examine_store(store, connection, listening, of_orders)
    questions = [*seller_questions(store, connection.vtex), *address_questions(name, connection, door)]
    if connection.erp:
        questions += callback_questions(connection.erp, name, door, send_test=send_test)
    found += await asyncio.gather(*(question.asked() for question in questions))
    sealed = sealed_question(settings, database, name)
    found.append(await sealed.asked() if has_database else sealed.unasked("it needs the database"))
    return [replace(each, connection=name) for each in found]
