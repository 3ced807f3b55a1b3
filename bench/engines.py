"""Other engines executing no-ops on the same PostgreSQL: procrastinate and DBOS, each in its own process.

`python -m bench.engines NAME URL JOBS`: the jobs are enqueued first, then worked off; prints the rate.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from bench.accept import Round
from bench.databases import Bench

NAMES = ("procrastinate", "dbos")
_CONCURRENCY = 16


async def no_ops(bench: Bench, jobs: int) -> dict[str, Round]:
    return {name: _round(bench, name, await bench.empty_database(), jobs) for name in NAMES}


def _round(bench: Bench, name: str, url: str, jobs: int) -> Round:
    async def run() -> Mapping[str, float]:
        arguments = ["-m", "bench.engines", name, url.replace("+asyncpg", ""), str(jobs)]
        with (bench.folder / f"{name}.log").open("ab") as log:
            started = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=-1, stderr=log)
            output, _ = await asyncio.wait_for(started.communicate(), 300)
        return {"per_second": float(json.loads(output.splitlines()[-1]))}

    return run


def _procrastinate(url: str, jobs: int) -> float:
    import procrastinate  # noqa: PLC0415  only this process needs it

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, max_size=20))
    executed: list[float] = []

    @app.task(name="no_op")
    async def no_op(number: int) -> None:  # noqa: ARG001  a task is a coroutine with arguments
        executed.append(time.perf_counter())

    async def work() -> None:
        async with app.open_async():
            found = await app.connector.execute_query_one_async(
                "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS known"
            )
            if not found["known"]:
                await app.schema_manager.apply_schema_async()
            arguments: list[dict[str, Any]] = [{"number": number} for number in range(jobs)]
            await no_op.batch_defer_async(*arguments)
            await app.run_worker_async(
                wait=False, concurrency=_CONCURRENCY, install_signal_handlers=False, listen_notify=False
            )

    asyncio.run(work())
    # The worker returns when the last job's end is written.
    return _rate(executed, jobs)


def _dbos(url: str, jobs: int) -> float:
    import psycopg  # noqa: PLC0415
    from dbos import DBOS, DBOSClient, DBOSConfig  # noqa: PLC0415  only this process needs it

    executed: list[float] = []

    @DBOS.workflow(name="no_op")
    def no_op(number: int) -> None:  # noqa: ARG001
        executed.append(time.perf_counter())

    config: DBOSConfig = {"name": "bench", "system_database_url": url, "application_version": "1"}
    DBOS(config=config)
    DBOS.launch()
    # No limit of concurrency and a short poll: its fastest setting.
    DBOS.register_queue("no-ops", polling_interval_sec=0.01)
    DBOS.destroy()
    client = DBOSClient(system_database_url=url)
    for number in range(jobs):
        client.enqueue({"workflow_name": "no_op", "queue_name": "no-ops", "app_version": "1"}, number)
    client.destroy()
    finished = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
    with psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute(finished).fetchone()
        DBOS(config=config)
        DBOS.launch()
        assert before is not None
        while (now := connection.execute(finished).fetchone()) and now[0] < before[0] + jobs:
            time.sleep(0.02)
    rate = _rate(executed, jobs)
    DBOS.destroy()
    return rate


def _rate(executed: list[float], jobs: int) -> float:
    """From the first job's begin to now, when the end of all is written."""
    if len(executed) < jobs:
        raise SystemExit(f"only {len(executed)} of {jobs} were executed")
    return jobs / (time.perf_counter() - executed[0])


def _main(name: str, url: str, jobs: int) -> None:
    run = {"procrastinate": _procrastinate, "dbos": _dbos}[name]
    print(json.dumps(run(url, jobs)))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
