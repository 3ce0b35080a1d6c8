"""How many deliveries a channel may have in flight, and how soon after one another they may start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from watcher.model import ChannelPolicy
from watcher.store.deliveries import Gathering

SLOTS = {"email": 2, "slack": 1, "webhook": 8, "apprise": 2}
SLACK_RATE = 1.0  # messages a second; who goes on after a 429 may be disabled for good (RELIABILITY 2.1)
SLACK_BURST = 3
GATHER = {"email": Gathering(above=100, most=500), "slack": Gathering(above=30, most=50), "apprise": Gathering(above=20, most=20)}
"""When what waits for a type of channel becomes few messages: half a minute behind is late for Slack, and nobody reads a hundred mails.
Of ordinary headlines a message can list as many as it gathers. Webhooks are read by programs, which want each."""


@dataclass(slots=True)
class _Bucket:
    """A token bucket: ``level`` messages may start at once, one more every ``1 / rate`` seconds."""

    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(SLACK_BURST, self.level + (now - self.at) * SLACK_RATE)
        self.at = now


class Pace:
    """Slots and rates of all channels; time is the caller's monotonic clock in seconds."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self._buckets: dict[str, _Bucket] = {}

    def slots(self, policies: Mapping[str, ChannelPolicy], now: float, total: int) -> tuple[dict[str, int], float]:
        """Return the free slots of each channel, and the seconds until a rate allows more (1 s where none waits)."""
        free, wait = {}, 1.0
        for name, policy in policies.items():
            count = SLOTS.get(policy.type, 1) - self._in_flight[name]
            if policy.type == "slack":
                bucket = self._buckets.setdefault(name, _Bucket(SLACK_BURST, now))
                bucket.fill(now)
                if bucket.level < 1:
                    wait = min(wait, (1 - bucket.level) / SLACK_RATE)
                count = min(count, int(bucket.level))
            if count > 0:
                free[name] = min(count, total)
        return free, max(0.01, wait)

    def start(self, channel: str, now: float) -> None:
        """Note that a message to ``channel`` starts."""
        self._in_flight[channel] += 1
        if (bucket := self._buckets.get(channel)) is not None:
            bucket.fill(now)
            bucket.level -= 1

    def end(self, channel: str) -> None:
        """Note that it ended."""
        self._in_flight[channel] -= 1
