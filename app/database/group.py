"""Group commit: callers that come while one transaction commits share the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from app.database.outages import may_rerun
from app.errors import DatabaseUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
_RERUNS = 5


class GroupCommit(Generic[Item, Result]):
    """`run` takes a batch and returns one result (or exception) per item; it is one transaction.

    No time window: a lone item commits at once, the next batch gathers meanwhile. A batch that fails as a
    whole is run again item by item, so that one faulty item never fails its neighbours.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], Awaitable[list[Result | Exception]]],
        *,
        most: int,
        weight: Callable[[Item], int],
        workers: int = 1,
        most_waiting: int | None = None,
    ) -> None:
        self._run = run
        self._most = most
        self._weight = weight
        self._queue: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._most_workers = workers
        self._workers: set[asyncio.Task[Any]] = set()
        #: By weight: beyond it the database is too far behind to be waited for.
        self._most_waiting = most_waiting
        self._waiting = 0

    async def submit(self, item: Item) -> Result:
        """DatabaseUnavailable where too much waits already."""
        if self._most_waiting is not None and self._waiting >= self._most_waiting:
            raise DatabaseUnavailable(f"it is behind: {self._waiting} wait to be stored")
        self._waiting += self._weight(item)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if len(self._workers) < self._most_workers:
            self._workers.add(asyncio.create_task(self._work()))
        return await future

    async def drain(self) -> None:
        """Wait until all that was submitted is committed or refused."""
        while self._workers:
            await asyncio.wait(self._workers)

    async def _work(self) -> None:
        worker = asyncio.current_task()
        assert worker is not None
        try:
            while self._queue:
                batch = self._take()
                try:
                    await self._commit(batch)
                finally:
                    _answer_all(batch)
        finally:
            # Before anyone can submit again: nobody may count on a worker that has seen an empty queue.
            self._workers.discard(worker)

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch, weight = [self._queue.popleft()], self._weight
        total = weight(batch[0][0])
        while self._queue and total + weight(self._queue[0][0]) <= self._most:
            batch.append(self._queue.popleft())
            total += weight(batch[-1][0])
        self._waiting -= total
        return batch

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._run_again_on_conflict([item for item, _ in batch])
        except DatabaseUnavailable as error:
            results = [error] * len(batch)
        except Exception as error:  # noqa: BLE001  the culprit's caller gets it, its neighbours do not
            if len(batch) > 1:
                for each in batch:
                    await self._commit([each])
                return
            results = [error]
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    async def _run_again_on_conflict(self, items: list[Item]) -> list[Result | Exception]:
        for _ in range(_RERUNS):
            try:
                return await self._run(items)
            except Exception as error:
                if not may_rerun(error):
                    raise
        return await self._run(items)


def _answer_all(batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
    """Whatever ended the worker (a bug of ours, the loop's end): no caller waits for ever."""
    for _, future in batch:
        if not future.done():
            future.set_exception(RuntimeError("the commit ended without an answer"))
