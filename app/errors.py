"""What can go wrong, named by what to do next.

BridgeError
├── ConfigurationError      the start stops; every mistake is listed
├── DatabaseUnavailable     intake answers 503, workers wait and try again
├── LeaseLost               another worker holds the lane now; write nothing
└── DeliveryError           one attempt ended without an acknowledgement
    ├── Retry               the other side failed, or its outcome is unknown: try again later
    │   └── Throttled       it told us how long to stay away
    ├── Paused              nothing was sent: that API rests, or its quota is used up for now
    ├── Unauthorized        the keys were refused: a person must act
    │   └── Forbidden       they lack a permission: a person must act
    ├── Waiting             another entity has to exist first
    └── Refused             never acceptable as it is: a person must act
        └── Taken           and never under this key: a replay would meet the same
"""

from datetime import timedelta


class BridgeError(Exception):
    """Anything this service raises on purpose."""


class ConfigurationError(BridgeError):
    """The configuration cannot be used; `mistakes` has one line for each place."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class DatabaseUnavailable(BridgeError):
    """The database did not answer or refused the transaction; nothing was stored."""


class LeaseLost(BridgeError):
    """The lease ended while the attempt ran."""


class DeliveryError(BridgeError):
    """`reason` is one sentence for a person; `reason_class` is its bounded name in metrics."""

    reason_class = "error"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(DeliveryError):
    """`after` is a floor that the other side asked for, if it did."""

    reason_class = "transient"

    def __init__(self, reason: str, *, after: timedelta | None = None, unknown_outcome: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        #: The request may have taken effect: read back before a create is repeated.
        self.unknown_outcome = unknown_outcome


class Throttled(Retry):
    """The request was not processed; come back after `after`."""

    reason_class = "throttled"


class Unauthorized(DeliveryError):
    """`after` is how long to wait before the keys are tried again."""

    reason_class = "unauthorized"

    def __init__(self, reason: str, *, after: timedelta = timedelta(minutes=1)) -> None:
        super().__init__(reason)
        self.after = after


class Forbidden(Unauthorized):
    """The keys are good, but not for this operation."""


class Paused(DeliveryError):
    """Nothing was sent, and for `after` nothing will be: this counts as no attempt."""

    reason_class = "paused"

    def __init__(self, reason: str, *, after: timedelta) -> None:
        super().__init__(reason)
        self.after = after


class Waiting(DeliveryError):
    """`on` names the awaited entity as (kind, key), where it is one that will be told to us."""

    reason_class = "waiting"

    def __init__(self, reason: str, *, on: tuple[str, str] | None) -> None:
        super().__init__(reason)
        self.on = on


class Refused(DeliveryError):
    """Sending the same again cannot help."""

    reason_class = "refused"


class Taken(Refused):
    """Under its key the other side keeps something else, which nobody can correct."""

    reason_class = "taken"
