"""What Prometheus sees; labels are bounded: no keys, no ids."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_ACCEPTED = Counter("bridge_events_accepted", "Changes stored.", ["connection", "kind"])
EVENTS_FINISHED = Counter(
    "bridge_events_finished", "Claims that ended, by how.", ["connection", "kind", "status"]
)
ATTEMPTS_ENDED = Counter(
    "bridge_attempts",
    "Attempts that ended, by outcome and class of reason.",
    ["connection", "kind", "outcome", "reason"],
)
ATTEMPT_SECONDS = Histogram("bridge_attempt_duration_seconds", "How long an attempt took.", ["kind"])
DELIVERY_SECONDS = Histogram(
    "bridge_delivery_latency_seconds",
    "From acceptance to the other side's acknowledgement.",
    ["connection", "kind"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
LEASES_LOST = Counter("bridge_leases_lost", "Outcomes not written because the lease had ended.")
ROWS_PRUNED = Counter(
    "bridge_pruned_rows",
    "Rows that were kept long enough, by table: event, attempt or idempotency_key; content: what of events is"
    " personal.",
    ["table"],
)
BACKLOG = Gauge("bridge_backlog_lanes", "Entities with something pending.", ["connection", "kind", "status"])
BACKLOG_AGE = Gauge(
    "bridge_backlog_oldest_seconds",
    "Since when the longest-standing entity is in this status.",
    ["connection", "kind", "status"],
)
REQUESTS_OUT = Counter(
    "bridge_outgoing_requests",
    "Requests to VTEX and to the ERP.",
    ["connection", "api", "operation", "status"],
)
REQUEST_OUT_SECONDS = Histogram(
    "bridge_outgoing_request_duration_seconds", "How long they took.", ["api", "operation"]
)
BUDGET_WAIT_SECONDS = Histogram(
    "bridge_budget_wait_seconds",
    "How long requests waited for a token of a quota.",
    ["connection", "budget"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2),
)
BUDGET_TOKENS = Counter("bridge_budget_tokens", "Requests paid from a quota.", ["connection", "budget"])
BUDGET_QUEUE = Gauge(
    "bridge_budget_queue", "Requests of this process that wait for a token.", ["connection", "budget"]
)
API_PAUSED = Gauge(
    "bridge_api_paused",
    "1 while nothing is sent to an API (or vtex, or API/operation).",
    ["connection", "api", "cause"],
)
BREAKER_TRANSITIONS = Counter(
    "bridge_breaker_transitions",
    "Pauses that began (paused), were tried (probing) and ended (closed).",
    ["connection", "api", "to"],
)
TRANSACTIONS = Counter("bridge_database_transactions", "Begun on the database: read or write.", ["how"])
REQUESTS_IN = Counter(
    "bridge_incoming_requests", "Requests from the ERP and from operators.", ["route", "method", "status"]
)
AUTHENTICATIONS_FAILED = Counter(
    "bridge_authentication_failures",
    "Requests without a valid key or signature, by cause: missing, unknown, signature, hook; held_up after"
    " too many.",
    ["cause"],
)
REQUESTS_TURNED_AWAY = Counter(
    "bridge_incoming_requests_turned_away", "Answered 503: too many, or too large ones, were being answered."
)
REQUEST_IN_SECONDS = Histogram("bridge_incoming_request_duration_seconds", "How long they took.", ["route"])
ORDERS_HINTED = Counter("bridge_order_hints", "Orders that a source named.", ["connection", "source"])
ORDERS_READ = Counter("bridge_orders_read", "Orders read from VTEX, by status.", ["connection", "status"])
LAST_POLL = Gauge(
    "bridge_last_successful_poll_timestamp_seconds", "When a source was last read.", ["connection", "source"]
)
