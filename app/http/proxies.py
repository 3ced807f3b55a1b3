"""Proxies of the environment, by httpx2's own reading: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

import httpx2

# Its client keeps them from a transport of ours; written anew, NO_PROXY would mean something else.
from httpx2._utils import URLPattern, get_environment_proxies


class Proxies:
    """As the environment is now."""

    def __init__(self) -> None:
        found = {URLPattern(pattern): proxy for pattern, proxy in get_environment_proxies().items()}
        #: The narrowest first; None: without a proxy.
        self._routes = sorted(found.items(), key=lambda route: route[0].priority)

    def mistakes(self) -> list[str]:
        """What no request could go through, in words; a person may have left it in the environment."""
        return [
            f"the proxy of the environment is a {proxy.partition('://')[0]} proxy; only http:// and https://"
            " ones are supported: correct ALL_PROXY, HTTP_PROXY or HTTPS_PROXY"
            for _, proxy in self._routes
            if proxy and not proxy.startswith(("http://", "https://"))
        ]

    def of(self, url: httpx2.URL) -> str | None:
        return next((proxy for pattern, proxy in self._routes if pattern.matches(url)), None)
