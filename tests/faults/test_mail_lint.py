"""SpamAssassin's rules, offline, on the mails that we send: an alert, an update, a digest of fifty and a notice."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from tests.alerts.test_render import NOW, RENDERER, alert, article, delivery
from watcher.alerts import payload
from watcher.channels import mime
from watcher.model import Notice

pytestmark = pytest.mark.skipif(shutil.which("spamassassin") is None, reason="spamassassin is not installed (apt-get install spamassassin)")

MOST_POINTS = 0.5
MANY = [alert(on=article(title=f"Report {n} from the front", url=f"https://example.org/{n}"), identity=f"e{n}") for n in range(50)]
MAILS = {
    "alert": ([alert()], ""),
    "japanese": ([alert(on=article(title="岸田首相、弾薬の共同生産を協議", text="岸田首相は弾薬の共同生産について述べた。"))], ""),
    "digest": (MANY, "digest"),
    "notice": (
        [payload.notice(Notice(key="feed_failing:x", subject="Feed Example is failing", text="It has failed 5 times in a row."), NOW)],
        "",
    ),
}


@pytest.mark.parametrize("kind", MAILS)
def test_no_filter_takes_it_for_spam(kind: str) -> None:
    alerts, bundle = MAILS[kind]
    mail = RENDERER.render(delivery(*alerts, channel="desk", bundle=bundle), "desk", datetime.now(UTC))
    raw = mime.build(mail, sender="Watcher <watcher@example.org>", to=("Desk <desk@example.org>",))
    received = b"Received: from mx.example.org (mx.example.org [93.184.216.34]) by mail.example.org with ESMTPS; " + mail_date() + b"\r\n"
    said = subprocess.run(["spamassassin", "-L", "-t"], input=received + raw, capture_output=True, check=True).stdout.decode(
        "utf-8", "replace"
    )
    found = re.search(r"Content analysis details:\s+\(([-\d.]+) points", said)
    assert found, said[-2000:]
    assert float(found[1]) <= MOST_POINTS, said[said.index("Content analysis") :]


def mail_date() -> bytes:
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").encode()
