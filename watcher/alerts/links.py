"""Links in messages that do one thing: signed, for one alert and one purpose, and only for a while.

``{public_url}/do/ACTION/ID?c=CHANNEL&e=EXPIRY&s=SIGNATURE``. The signature (HMAC-SHA256, 132 bits of it) covers purpose, alert, channel and
expiry with the installation's own key, so a link for one purpose serves no other and none can be made up. Whoever has a message can use
its links: that is their point. Mail scanners and browsers fetch links ahead of their readers, so what a GET shows is a page with a button
(see ``web.actions``); only that button's POST acts.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

OPEN, BUNDLE, USEFUL, NOISE, SILENCE, ACK = "open", "bundle", "useful", "noise", "silence", "ack"
ACTIONS = (OPEN, BUNDLE, USEFUL, NOISE, SILENCE, ACK)
LIFE = timedelta(days=30)
"""After the alert: long enough for a holiday, short enough for a forwarded mail."""

MUTED = timedelta(days=1)
"""How long the link that silences a rule does so."""

_CHARACTERS = 22


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks the links of one installation. ``base``: the web page's public URL."""

    key: bytes
    base: str

    def url(self, action: str, subject: str, channel: str, told_at: datetime) -> str:
        """Return the link by which a reader of ``channel`` does ``action`` to the alert (or bundle) ``subject``."""
        expiry = int((told_at + LIFE).timestamp())
        signature = self._sign(action, subject, channel, expiry)
        return f"{self.base.rstrip('/')}/do/{action}/{quote(subject, safe='')}?c={quote(channel, safe='')}&e={expiry}&s={signature}"

    def holds(self, action: str, subject: str, channel: str, expiry: str, signature: str, now: datetime) -> bool:
        """Whether a link is one of ours and has not expired."""
        if action not in ACTIONS or not (expiry.isascii() and expiry.isdecimal() and len(expiry) <= 12):
            return False
        ours = self._sign(action, subject, channel, int(expiry))
        return hmac.compare_digest(ours.encode(), signature.encode("utf-8", "replace")) and datetime.fromtimestamp(int(expiry), UTC) > now

    def _sign(self, action: str, subject: str, channel: str, expiry: int) -> str:
        parts = [part.encode("utf-8", "surrogatepass") for part in (action, subject, channel, str(expiry))]
        digest = hmac.new(self.key, b"".join(b"%d:%s" % (len(part), part) for part in parts), sha256).digest()
        return base64.urlsafe_b64encode(digest).decode()[:_CHARACTERS]
