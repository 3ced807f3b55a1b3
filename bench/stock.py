"""The yardsticks of (a): the same body model behind a FastAPI endpoint that stores nothing.

`uvicorn bench.stock:app` with its defaults is the stock endpoint; `python -m bench.stock PORT` serves the
same with our own server settings.
"""

import gc
import sys
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from uuid_utils.compat import uuid7

from app.changes.stock import StockChange


class Accepted(BaseModel):
    id: UUID
    kind: str
    key: str
    status: str


class Answer(BaseModel):
    events: list[Accepted]


app = FastAPI()


@app.post("/v1/changes/stock", status_code=202)
async def accept(change: StockChange) -> Answer:
    key = f"{change.sku}@{change.warehouse}"
    return Answer(events=[Accepted(id=uuid7(), kind="stock", key=key, status="accepted")])


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


if __name__ == "__main__":
    server = uvicorn.Config(
        app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off"
    )
    gc.collect()
    gc.freeze()
    uvicorn.Server(server).run()
