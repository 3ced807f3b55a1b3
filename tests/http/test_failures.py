"""What the door makes of an other side that does not answer: Retry, and whether it may have taken effect."""

import time

import pytest

from app.errors import Retry
from app.http.door import Door, begin_trace
from tests.http.conftest import to
from tests.http.wire import Wire
from tests.processes import free_port


async def failure(door: Door, url: str, seconds: float = 5) -> Retry:
    with pytest.raises(Retry) as raised:
        await door.send(to(url, timeout=seconds))
    return raised.value


async def test_a_refused_connection_had_no_effect(door: Door) -> None:
    error = await failure(door, f"http://127.0.0.1:{free_port()}/ok")
    assert not error.unknown_outcome
    assert "127.0.0.1 cannot be reached" in error.reason


async def test_a_timeout_has_an_unknown_outcome(door: Door, wire: Wire) -> None:
    error = await failure(door, f"{wire.url}/never", seconds=0.2)
    assert error.unknown_outcome
    assert error.reason == "127.0.0.1 did not answer within 0.2 s"


async def test_an_answer_that_drips_is_cut_off_at_the_timeout(door: Door, wire: Wire) -> None:
    started = time.monotonic()
    error = await failure(door, f"{wire.url}/drip", seconds=0.4)
    assert error.unknown_outcome
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("path", ["reset", "cut"])
async def test_a_connection_that_breaks_has_an_unknown_outcome(door: Door, wire: Wire, path: str) -> None:
    error = await failure(door, f"{wire.url}/{path}")
    assert error.unknown_outcome
    assert "the connection to 127.0.0.1 broke" in error.reason


async def test_the_door_works_on_after_every_failure(door: Door, wire: Wire) -> None:
    await failure(door, f"{wire.url}/reset")
    await failure(door, f"{wire.url}/never", seconds=0.1)
    assert (await door.send(to(f"{wire.url}/ok"))).text == "ok"


async def test_a_failure_is_recorded_by_its_name(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    await failure(door, f"http://127.0.0.1:{free_port()}/ok")
    await failure(door, f"{wire.url}/never", seconds=0.1)
    await failure(door, f"{wire.url}/reset")
    assert [call["status"] for call in calls] == ["unreachable", "timeout", "broken"]


async def test_a_redirect_is_answered_and_not_followed(door: Door, wire: Wire) -> None:
    answer = await door.send(to(f"{wire.url}/moved"))
    assert answer.status_code == 302
    assert [request.path for request in wire.requests] == ["/moved"]


async def test_a_cookie_of_one_account_is_not_sent_by_another(door: Door, wire: Wire) -> None:
    await door.send(to(f"{wire.url}/cookie"))
    await door.send(to(f"{wire.url}/ok"))
    assert "cookie" not in wire.requests[1].headers
