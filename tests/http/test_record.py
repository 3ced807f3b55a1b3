"""What is kept of each request: for people, without secrets and without customers."""

import asyncio
from typing import Any

from app.http.door import Door, begin_trace
from tests.http.conftest import to
from tests.http.wire import Wire

SECRET = 'to/ken"1'


async def test_a_secret_that_is_echoed_is_not_recorded(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    request = to(f"{wire.url}/refuse", secrets=("hunter2",), headers={"x-secret": "bad token hunter2"})
    await door.send(request)
    assert calls[0]["answer"] == "bad token [redacted]"


async def test_a_secret_is_redacted_as_a_url_and_as_json_too(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    echoed = {"x-secret": 'key=to%2Fken%221 {"key": "to/ken\\"1"}'}
    await door.send(to(f"{wire.url}/refuse", secrets=(SECRET,), headers=echoed))
    assert calls[0]["answer"] == 'key=[redacted] {"key": "[redacted]"}'


async def test_what_an_answer_says_to_people_has_no_secret(door: Door, wire: Wire) -> None:
    request = to(f"{wire.url}/refuse", secrets=("hunter2",), headers={"x-secret": "bad hunter2"})
    answer = await door.send(request)
    assert answer.shown(answer.text) == "bad [redacted]"


async def test_a_long_answer_is_cut(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    await door.send(to(f"{wire.url}/refuse", headers={"x-secret": "x" * 5000}))
    assert len(calls[0]["answer"]) == 2000


async def test_a_successful_answer_is_not_recorded(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    await door.send(to(f"{wire.url}/ok?email=a@example.com"))
    assert "answer" not in calls[0]
    assert calls[0]["path"] == "/ok"
    assert "example.com" not in str(calls[0])


async def test_concurrent_attempts_do_not_mix_their_records(door: Door, wire: Wire) -> None:
    async def attempt(name: str) -> list[dict[str, Any]]:
        calls = begin_trace()
        await door.send(to(f"{wire.url}/slow?{name}"))
        await door.send(to(f"{wire.url}/{name}"))
        return calls

    traces = await asyncio.gather(*(attempt(f"attempt-{number}") for number in range(10)))
    assert [[call["path"] for call in trace] for trace in traces] == [
        ["/slow", f"/attempt-{number}"] for number in range(10)
    ]


async def test_requests_made_by_an_attempts_own_tasks_are_in_its_record(door: Door, wire: Wire) -> None:
    calls = begin_trace()
    await asyncio.gather(*(door.send(to(f"{wire.url}/ok")) for _ in range(3)))
    assert len(calls) == 3
