"""Connections have a bounded life: VTEX scales by DNS."""

import asyncio

from app.http.door import Door
from tests.http.conftest import to
from tests.http.wire import Wire
from tests.running import until


async def test_a_young_connection_is_used_again(door: Door, wire: Wire) -> None:
    for _ in range(3):
        await door.send(to(f"{wire.url}/ok"))
    assert len({request.port for request in wire.requests}) == 1


async def test_an_old_connection_is_replaced_and_closed(wire: Wire) -> None:
    door = Door(life_seconds=0.05)
    await door.send(to(f"{wire.url}/ok"))
    await asyncio.sleep(0.1)
    await door.send(to(f"{wire.url}/ok"))
    first, second = (request.port for request in wire.requests)
    assert first != second
    await until(lambda: wire.open_ports == {second}, "the old connection is closed")
    await door.close()


async def test_a_call_in_flight_outlives_the_replacement_of_its_client(wire: Wire) -> None:
    door = Door(life_seconds=0.05)
    slow = asyncio.create_task(door.send(to(f"{wire.url}/slow")))
    await until(lambda: len(wire.requests) == 1, "the slow call is under way")
    await asyncio.sleep(0.1)
    await door.send(to(f"{wire.url}/ok"))
    assert not slow.done()
    assert (await slow).text == "slow"
    last = wire.requests[-1].port
    await until(lambda: wire.open_ports <= {last}, "the last user closed the old client")
    await door.close()


async def test_many_callers_at_the_moment_of_replacement_all_get_answers(wire: Wire) -> None:
    door = Door(life_seconds=0.001)
    answers = await asyncio.gather(*(door.send(to(f"{wire.url}/ok")) for _ in range(50)))
    assert {answer.text for answer in answers} == {"ok"}
    await door.close()


async def test_closing_the_door_leaves_no_connection(wire: Wire) -> None:
    door = Door()
    await asyncio.gather(*(door.send(to(f"{wire.url}/ok")) for _ in range(5)))
    await door.close()
    await until(lambda: not wire.open_ports, "all connections are closed")
