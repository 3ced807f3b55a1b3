"""How a bridge is pointed at this sandbox: a whole bridge.toml, and the secrets that it refers to."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.sandbox.erp import Erp
from app.sandbox.state import Store, store_of


def addresses(base: str, store: Store) -> dict[str, str]:
    return {
        "rest_url": base,
        "pricing_url": f"{base}/{store.account}",
        "payments_url": base,
        "webservice_url": f"{base}/AdminWebService/Service.svc",
        "callback_url": f"{base}/erp/orders",
    }


def bridge_toml(base: str, store: Store, erp: Erp) -> str:
    urls = addresses(base, store)
    return f"""\
# A bridge to the sandbox at {base}. First, in the shell:
#   export SANDBOX_KEY={store.app_key} SANDBOX_TOKEN={store.app_token}
#   export SANDBOX_SECRET={erp.secret}

database_url = "sqlite:///bridge.db"

# [server]
# port = 8080                           # where the bridge itself answers

[connections.acme.vtex]
account = "{store.account}"
app_key = "env:SANDBOX_KEY"
app_token = "env:SANDBOX_TOKEN"
weight_unit = "kg"
length_unit = "cm"
rest_url = "{urls["rest_url"]}"
pricing_url = "{urls["pricing_url"]}"
webservice_url = "{urls["webservice_url"]}"
payments_url = "{urls["payments_url"]}"

[connections.acme.erp]
callback_url = "{urls["callback_url"]}"
callback_secret = "env:SANDBOX_SECRET"
"""


async def get_bridge_toml(request: Request) -> PlainTextResponse:
    base = str(request.base_url).rstrip("/")
    return PlainTextResponse(bridge_toml(base, store_of(request), request.app.state.erp))


ROUTES = [Route("/sandbox/bridge.toml", get_bridge_toml, methods=["GET"])]
