"""Images as the ERP sends them, and as VTEX shows them then."""

from typing import Any

from tests.changes.steps import SKUS, record
from tests.running import RunningSandbox

FRONT = {"url": "https://erp.example.com/front.jpg"}
BACK = {"url": "https://erp.example.com/back.png", "name": "Back of it"}
STAFF = {"Name": "By staff", "Url": "https://staff.example.com/1.jpg", "Label": "Team"}
FILES = f"{SKUS}/1001/file"


def images(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"sku": "S1", "images": list(listed)}


async def shown(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    found = (await record(sandbox, "skus"))["Images"]
    return sorted(found, key=lambda image: (image["Position"], image["Id"]))


async def names(sandbox: RunningSandbox) -> list[str]:
    return [image["Name"] for image in await shown(sandbox)]


async def writes(sandbox: RunningSandbox) -> list[str]:
    return [
        entry["effect"]["type"]
        for entry in await sandbox.effects()
        if entry["effect"]["type"].startswith("image.")
    ]
