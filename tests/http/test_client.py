"""How requests go out and answers come in: once, as they were written, bounded."""

import asyncio
import tracemalloc
from dataclasses import replace

import pytest

from app.errors import Retry
from app.http.door import Door, begin_trace
from app.http.transport import LONGEST_ANSWER_BYTES
from tests.http.conftest import to
from tests.http.wire import Wire
from tests.running import until


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "POST"])
async def test_a_request_whose_connection_broke_is_not_sent_again(
    door: Door, wire: Wire, method: str
) -> None:
    await door.send(to(f"{wire.url}/ok"))
    with pytest.raises(Retry):
        await door.send(replace(to(f"{wire.url}/reset"), method=method))
    await door.send(to(f"{wire.url}/ok"))
    assert [request.path for request in wire.requests] == ["/ok", "/reset", "/ok"]


async def test_a_connection_that_the_other_side_closed_is_not_used_for_a_new_request(
    door: Door, wire: Wire
) -> None:
    await door.send(to(f"{wire.url}/bye"))
    await until(lambda: not wire.open_ports, "it is closed")
    await asyncio.sleep(0.05)
    assert (await door.send(to(f"{wire.url}/ok"))).text == "ok"
    assert len({request.port for request in wire.requests}) == 2


async def test_an_address_goes_out_as_it_was_written(door: Door, wire: Wire) -> None:
    written = "/pvt/a%2Fb%20c%3F/%C3%A9+~'?q=a%26b%2B+c&empty="
    await door.send(to(wire.url + written))
    assert wire.requests[0].path == written


async def test_a_post_without_a_body_says_so(door: Door, wire: Wire) -> None:
    await door.send(replace(to(f"{wire.url}/ok"), method="POST"))
    assert wire.requests[0].headers["content-length"] == "0"


async def test_a_login_in_an_address_is_sent_as_a_header_and_not_recorded(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    await door.send(to(wire.url.replace("://", "://erp:p%40ss@") + "/ok"))
    assert wire.requests[0].headers["authorization"] == "Basic ZXJwOnBAc3M="
    assert wire.requests[0].path == "/ok"
    assert "p%40ss" not in str(calls)


async def test_a_header_that_would_be_two_is_not_sent(door: Door, wire: Wire) -> None:
    with pytest.raises(Retry):
        await door.send(to(f"{wire.url}/ok", headers={"x-token": "one\r\nx-other: two"}))
    assert wire.requests == []


async def test_names_of_an_answers_headers_have_no_case(door: Door, wire: Wire) -> None:
    answer = await door.send(to(f"{wire.url}/says/200?Retry-After=7"))
    assert answer.headers["retry-after"] == answer.headers["RETRY-AFTER"] == "7"


async def test_a_compressed_answer_is_unpacked(door: Door, wire: Wire) -> None:
    assert (await door.send(to(f"{wire.url}/gzip"))).text == "unpacked"
    assert "gzip" in wire.requests[0].headers["accept-encoding"]


async def test_an_answer_that_unpacks_without_end_is_not_read_to_its_end(door: Door, wire: Wire) -> None:
    with pytest.raises(Retry, match="AnswerTooLong") as raised:
        await door.send(to(f"{wire.url}/bomb"))
    assert raised.value.unknown_outcome


async def test_an_answer_that_unpacks_without_end_costs_no_memory(door: Door, wire: Wire) -> None:
    tracemalloc.start()
    with pytest.raises(Retry, match="AnswerTooLong"):
        await door.send(to(f"{wire.url}/great-bomb"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * LONGEST_ANSWER_BYTES


async def test_a_request_that_finds_no_room_in_time_was_not_sent(wire: Wire) -> None:
    door = Door(connections=1)
    calls = begin_trace()
    first = asyncio.create_task(door.send(to(f"{wire.url}/slow")))
    await until(lambda: len(wire.requests) == 1, "the only connection is busy")
    with pytest.raises(Retry, match="all our connections were busy") as raised:
        await door.send(to(f"{wire.url}/ok", timeout=0.1))
    assert not raised.value.unknown_outcome
    assert calls[0]["status"] == "unsent"
    assert (await first).text == "slow"
    assert [request.path for request in wire.requests] == ["/slow"]
    await door.close()


async def test_a_request_waits_for_room_and_is_sent_on_the_same_connection(wire: Wire) -> None:
    door = Door(connections=1)
    await asyncio.gather(*(door.send(to(f"{wire.url}/ok")) for _ in range(10)))
    assert len({request.port for request in wire.requests}) == 1
    await door.close()


async def test_a_request_that_is_given_up_leaves_its_room_to_others(wire: Wire) -> None:
    door = Door(connections=1)
    first = asyncio.create_task(door.send(to(f"{wire.url}/never")))
    await until(lambda: len(wire.requests) == 1, "it is under way")
    second = asyncio.create_task(door.send(to(f"{wire.url}/ok")))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).text == "ok"
    await door.close()
