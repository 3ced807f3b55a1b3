"""(a) Durable accept: POST /v1/changes/stock beside the same endpoint that stores nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.databases import Bench
from bench.load import Load, generate
from bench.measure import Figure, Scale, interleaved
from bench.processes import api_key, bridge, free_port, process

Round = Callable[[], Awaitable[Mapping[str, float]]]
_YARDSTICKS = {
    "stock": ["-m", "uvicorn", "bench.stock:app", "--port"],
    "tuned": ["-m", "bench.stock"],
}
_BACKENDS = {"sqlite": "all", "postgres": "api"}


async def measure(bench: Bench, scale: Scale) -> list[Figure]:
    seconds = scale.of(6, 2)
    async with AsyncExitStack() as stack:
        candidates: dict[str, Round] = {}
        for name, arguments in _YARDSTICKS.items():
            port = free_port()
            log = bench.folder / f"{name}.log"
            await stack.enter_async_context(process(*arguments, str(port), log=log, port=port))
            candidates[name] = _round(bench.folder, Load(port, seconds=seconds))
        silent = await stack.enter_async_context(_silent())
        for backend, role in _BACKENDS.items():
            database = await bench.database(backend)
            # On SQLite intake runs in `bridge all`: one attempt without an end keeps its dispatcher out.
            changes = {"delivery": {"concurrency": 1, "lease_seconds": 600}, "vtex": {"timeout_seconds": 30}}
            [started] = await stack.enter_async_context(
                bridge(database, silent, [role], bench.folder, **changes)
            )
            key = await api_key(database)
            candidates[backend] = _round(bench.folder, Load(started.port, key, seconds=seconds))
        medians = await interleaved(scale.of(7, 2), candidates)
    return [figure for backend in _BACKENDS for figure in _figures(backend, medians)]


def _figures(backend: str, medians: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    ours, stock, tuned = medians[backend], medians["stock"], medians["tuned"]
    detail = {"ours": ours, "stock": stock, "tuned": tuned}
    return [
        Figure("a", f"accept / stock ({backend})", ours["per_second"] / stock["per_second"], ">=", 1, detail),
        Figure("a", f"accept / tuned ({backend})", ours["per_second"] / tuned["per_second"], ">=", 0.75),
        Figure("a", f"p99 / tuned's ({backend})", ours["p99_ms"] / tuned["p99_ms"], "<=", 2),
    ]


def _round(folder: Path, load: Load) -> Round:
    async def run() -> Mapping[str, float]:
        result = await generate(load, folder)
        if set(result["statuses"]) != {"202"}:
            raise RuntimeError(f"not only 202: {result['statuses']}")
        return {name: result[name] for name in ("per_second", "p50_ms", "p99_ms")}

    return run


@asynccontextmanager
async def _silent() -> AsyncIterator[str]:
    """Takes every request and never answers."""

    async def swallow(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
