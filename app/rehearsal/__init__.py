"""Rehearsing a change: the real code against a stand-in store in memory, so that its calls can be shown.

Imported only when a rehearsal is asked for: it brings the sandbox along.
"""

from app.rehearsal.performance import Rehearser

__all__ = ["Rehearser"]
