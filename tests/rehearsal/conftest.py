"""The bridge and the sandbox as the kinds' tests have them."""

from tests.changes.conftest import catalog, starting

__all__ = ["catalog", "starting"]
