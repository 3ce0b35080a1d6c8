"""What shall go wrong, where, and how often.

A :class:`Trouble` is planted at one URL of the room's web server or at a sink; it strikes the next ``times`` requests, or
all of them until it is lifted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One way to fail.

    ``status``: answer with this HTTP status (SMTP: this reply code, e.g. 451). ``body``, ``headers``: of that answer.
    ``delay``: seconds to wait first. ``reset``: tear the connection down without an answer.
    ``truncate``: announce the whole body and send only that many bytes of it. ``content_type``: lie about it.
    ``retry_after``: the header's value. ``after``: let that many requests pass unharmed first. ``times``: how often it
    strikes, None = until lifted. ``late``: reset *after* the receiver took the message (its acknowledgement is lost).
    """

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    truncate: int | None = None
    content_type: str | None = None
    retry_after: str | None = None
    after: int = 0
    times: int | None = None
    late: bool = False


class Troubles:
    """The planted troubles of one server, by place."""

    def __init__(self) -> None:
        self._planted: dict[str, list[_Planted]] = {}

    def plant(self, place: str, trouble: Trouble) -> None:
        """Let ``trouble`` strike at ``place``, after those that are planted there already are used up."""
        self._planted.setdefault(place, []).append(_Planted(trouble))

    def lift(self, place: str | None = None) -> None:
        """Heal ``place``, or everything."""
        if place is None:
            self._planted.clear()
        else:
            self._planted.pop(place, None)

    def strike(self, place: str) -> Trouble | None:
        """The trouble that this request meets, if any; counts it."""
        for planted in self._planted.get(place, ()):
            if not planted.spent:
                return planted.meet()
        return None


class _Planted:
    def __init__(self, trouble: Trouble) -> None:
        self.trouble, self.seen = trouble, 0

    @property
    def spent(self) -> bool:
        return self.trouble.times is not None and self.seen >= self.trouble.after + self.trouble.times

    def meet(self) -> Trouble | None:
        self.seen += 1
        return self.trouble if self.seen > self.trouble.after else None
