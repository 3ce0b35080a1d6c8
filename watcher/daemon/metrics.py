"""Counters and gauges, served by the web room at ``/metrics``.

Labels are names from the configuration or words of a small set, never text from a feed, so the number of series is
bounded by the configuration.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

POLLS = Counter("watcher_polls", "Feed polls by outcome: unchanged, changed, failed.", ["outcome"], registry=REGISTRY)
FETCH_ERRORS = Counter("watcher_fetch_errors", "Polls that failed, by reason.", ["reason"], registry=REGISTRY)
ENTRIES = Counter("watcher_entries", "Entries by what became of them: new, known, done, dead.", ["status"], registry=REGISTRY)
PAGES = Counter(
    "watcher_pages", "Article pages by outcome: ok, or the reason why the feed's text was used.", ["outcome"], registry=REGISTRY
)
DECISIONS = Counter("watcher_decisions", "Matches by the reason for telling or not.", ["rule", "reason"], registry=REGISTRY)
DELIVERIES = Counter(
    "watcher_deliveries", "Delivery attempts by outcome: sent, retry, handed_over, dead.", ["channel", "outcome"], registry=REGISTRY
)
DELIVERY_ERRORS = Counter("watcher_delivery_errors", "Delivery attempts that failed, by reason.", ["channel", "reason"], registry=REGISTRY)
WORKERS_LOST = Counter("watcher_workers_lost", "Documents that overran or killed a worker process.", ["job"], registry=REGISTRY)
LOOP_FAILURES = Counter("watcher_loop_failures", "Failures of a loop that made it start again.", ["loop"], registry=REGISTRY)
LOOP_LAG = Histogram(
    "watcher_loop_lag_seconds", "How late the event loop comes round.", registry=REGISTRY, buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)
)
DETECTION = Histogram(
    "watcher_alert_seconds",
    "From first seen to sent.",
    registry=REGISTRY,
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
)
WEBSUB = Counter(
    "watcher_websub", "WebSub by outcome: asked, refused; delivered, or why a delivery was ignored.", ["outcome"], registry=REGISTRY
)
FEEDS = Gauge("watcher_feeds", "Configured feeds by state: ok, failing, stopped.", ["state"], registry=REGISTRY)
DUE = Gauge("watcher_deliveries_due", "Deliveries that wait for their time or their next try.", registry=REGISTRY)
DEAD = Gauge("watcher_deliveries_dead", "Deliveries that were given up and can be resent.", registry=REGISTRY)
