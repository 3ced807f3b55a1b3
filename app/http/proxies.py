"""Proxies of the environment, by the standard library: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

from contextlib import suppress
from ipaddress import ip_address, ip_network
from urllib.request import getproxies, proxy_bypass

import httpx2

from app.config.networks import IPNetwork


class Proxies:
    """As the environment is now."""

    def __init__(self) -> None:
        found = getproxies()
        self._proxies = {
            scheme: proxy if "://" in proxy else f"http://{proxy}"
            for scheme in ("http", "https", "all")
            if (proxy := found.get(scheme))
        }
        self._spared = [each.strip() for each in found.get("no", "").split(",")]
        #: By scheme, host and port: every request asks.
        self._known: dict[tuple[str, str, int | None], str | None] = {}

    def mistakes(self) -> list[str]:
        """What no request could go through, in words; a person may have left it in the environment."""
        return [
            f"the proxy of the environment is a {proxy.partition('://')[0]} proxy; only http:// and https://"
            " ones are supported: correct ALL_PROXY, HTTP_PROXY or HTTPS_PROXY"
            for proxy in self._proxies.values()
            if not proxy.startswith(("http://", "https://"))
        ]

    def of(self, url: httpx2.URL) -> str | None:
        if not self._proxies:
            return None
        target = (url.scheme, url.host, url.port)
        if target not in self._known:
            proxy = self._proxies.get(url.scheme, self._proxies.get("all"))
            self._known[target] = None if self._spares(url.host, url.port) else proxy
        return self._known[target]

    def _spares(self, host: str, port: int | None) -> bool:
        """Whether NO_PROXY names it; the library knows names, but neither networks nor a * among others."""
        if "*" in self._spared or proxy_bypass(f"{host}:{port}" if port else host):
            return True
        with suppress(ValueError):
            address = ip_address(host)
            return any(address in network for network in self._networks())
        return False

    def _networks(self) -> list[IPNetwork]:
        networks = []
        for each in self._spared:
            with suppress(ValueError):
                networks.append(ip_network(each.strip("[]"), strict=False))
        return networks
