"""One daemon, every bad input at once, and a healthy feed among them: what must hold, holds for each row and for the whole.

U1 the process lives and the watchdog is fed · U2 memory comes back · U3 the healthy feed is told · U4 no secret is said ·
U5 a failure has one of the reasons that a human can act on · U6 the same input again gives no new alert · U7 no traceback
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import socket
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.hostile.catalogue import ROWS
from tests.hostile.documents import WORD, item, rss
from tests.hostile.server import Site, Visit, sites
from watcher.newsroom import Daemon, Newsroom, Post

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ALERTS = 6  # of the healthy feed, one after the other, while all the others do their worst
HEALTHY = "healthy"
TOKEN = "s3cr3t-t0ken"
PASSWORD = "hunter2-hunter2"


class Notified:
    """What systemd would hear: the environment to give the daemon, and how often its watchdog was fed."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        self._socket.bind(f"{folder}/notify")
        self.environ = {"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "4000000"}

    def pings(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                count += b"WATCHDOG=1" in self._socket.recv(4096)
        return count

    def close(self) -> None:
        self._socket.close()


class Healthy:
    """The control feed."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    async def answer(self, visit: Visit) -> None:
        found = [item(c, f"The {WORD} {c} was seen by {n * 7919} people near bridge {n * 104729}.") for n, c in enumerate(self.codes)]
        await visit.send(rss(*found))


class Outcome:
    """What the daemon made of the catalogue. ``alerts``: how often the webhook was told of each feed."""

    def __init__(self) -> None:
        self.feeds: dict[str, dict[str, object]] = {}
        self.alerts: collections.Counter[str] = collections.Counter()
        self.posts: list[Post] = []
        self.heads: dict[str, list[tuple[str, dict[str, str]]]] = {}
        self.said = ""
        self.pings = 0
        self.memory: list[int] = []
        self.status: int | None = None


def configuration(folder: Path, room: Newsroom, made: dict[str, Site]) -> Path:
    slack, key = folder / "slack", folder / "key"
    for file, text in ((slack, room.slack("chat")), (key, room.secret)):
        file.touch(mode=0o600)
        file.write_text(text)
    tables = [
        '[fetch]\ninterval = "1s"\nmin_interval = "1s"\nmax_interval = "2s"\ntimeout = "3s"\nallow_private = ["127.0.0.0/8"]',
        f'[watcher]\ndatabase = "sqlite:///{folder}/watcher.db"\ninclude = []',
        f'[[rules]]\nname = "r"\nany = ["{WORD}"]\nrepeat = "always"\nupdates = "none"',
        '[channels.desk]\ntype = "email"\nto = ["desk@newsroom.example"]\nfrom = "watcher@newsroom.example"',
        f'host = "127.0.0.1"\nport = {room.smtp_port}\nsecurity = "none"',
        f'[channels.chat]\ntype = "slack"\nurl = {{ file = "{slack}" }}\nallow_private = ["127.0.0.0/8"]\ngroup = {{ wait = "1s", interval = "1s" }}',
        f'[channels.siem]\ntype = "webhook"\nurl = "{room.hook("siem")}"\nsecret = {{ file = "{key}" }}\nallow_private = ["127.0.0.0/8"]',
    ]
    for name, site in made.items():
        full_text = "auto" if name in ROWS and ROWS[name].page else "never"
        url = site.url().replace("//", f"//user:{PASSWORD}@")
        tables.append(
            f'[[feeds]]\nname = "{name}"\nurl = "{url}"\nfull_text = "{full_text}"\nbackfill = 20\nheaders = {{ X-Token = "{TOKEN}" }}'
        )
    config = folder / "watcher.toml"
    config.write_text("\n".join(tables) + "\n", encoding="utf-8")
    return config


async def play(folder: Path) -> Outcome:
    outcome, healthy = Outcome(), Healthy()
    answers = {HEALTHY: healthy.answer, **{name: row.answer for name, row in ROWS.items()}}
    wanted = {name: len(row.codes) for name, row in ROWS.items() if row.codes}
    with contextlib.closing(Notified(folder)) as notify:
        async with Newsroom(ledger=folder / "ledger.jsonl") as room, sites(answers) as made:
            config = configuration(folder, room, made)
            daemon = Daemon(config, log=folder / "log", environ={"TMPDIR": str(folder), **notify.environ})
            daemon.start()
            try:
                assert await room.until(lambda: len(made[HEALTHY].asked) >= 2 or not daemon.alive, 60), daemon.said()
                for n in range(ALERTS):
                    healthy.codes.append(f"H{n}")
                    assert await room.until(lambda: told(room)[HEALTHY] > n or not daemon.alive, 60), daemon.said()[-3000:]  # noqa: B023
                    outcome.memory.append(psutil.Process(daemon.pid).memory_info().rss)
                await room.until(lambda: all(told(room)[name] >= count for name, count in wanted.items()), 60)
                asked = {name: len(made[name].asked) for name in wanted}
                await room.until(lambda: all(len(made[name].asked) >= before + 2 for name, before in asked.items()), 90)
                listed = await feeds_list(config)
                outcome.status = await daemon.stop(15)
            finally:
                daemon.end()
            outcome.feeds = {str(feed["name"]): feed for feed in map(json.loads, listed.splitlines())}
            outcome.alerts = told(room)
            outcome.heads = {name: site.asked for name, site in made.items()}
            outcome.posts, outcome.said = list(room.posts), daemon.said() + listed
        outcome.pings = notify.pings()
    return outcome


async def feeds_list(config: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "watcher.cli.main", "-c", str(config), "feeds", "list", "--json", stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode()


def told(room: Newsroom) -> collections.Counter[str]:
    """How often the webhook was told of each feed."""
    posts = [post.json for post in room.taken("hook:siem")]
    return collections.Counter(post["data"]["article"]["feed"] for post in posts if post["type"] == "watcher.alert")


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        return asyncio.run(play(Path(folder)))


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.reasons - {""}])
def test_what_cannot_be_read_has_a_reason(outcome: Outcome, name: str) -> None:
    """U5: one of the words that say what to do, and the feed is not given up."""
    error = str(outcome.feeds[name]["last_error"] or "").partition(":")[0]
    assert error in ROWS[name].reasons
    assert outcome.feeds[name]["due_at"] or error == "gone"


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.codes])
def test_what_can_be_read_is_told_once_however_often_it_comes(outcome: Outcome, name: str) -> None:
    """U6, under ``repeat = "always"``: nothing but the entry's identity stands between a poll and a second alert."""
    assert outcome.alerts[name] == len(ROWS[name].codes)
    assert not outcome.feeds[name]["last_error"]


def test_the_healthy_feed_is_told_of_all_along(outcome: Outcome) -> None:
    """U3."""
    assert outcome.alerts[HEALTHY] == ALERTS


def test_the_process_lives_and_ends_in_good_order(outcome: Outcome) -> None:
    """U1."""
    assert outcome.status == 0
    assert outcome.pings > 0


def test_memory_comes_back(outcome: Outcome) -> None:
    """U2: the main process holds no more when it has seen everything than it did in the middle of it, give or take 64 MiB."""
    assert outcome.memory[-1] - min(outcome.memory[1:]) < 64 * 2**20


def test_no_secret_is_said_to_anybody(outcome: Outcome) -> None:
    """U4: neither in the log, nor in `feeds list`, nor in a message, nor to the site that a feed redirects to."""
    everything = outcome.said + "".join(post.body.decode("utf-8", "replace") for post in outcome.posts)
    assert TOKEN not in everything
    assert PASSWORD not in everything


def test_nothing_went_wrong_in_a_way_that_nobody_foresaw(outcome: Outcome) -> None:
    """U7."""
    assert outcome.said.partition("Traceback")[2][:3000] == ""
    assert "poll.broken" not in outcome.said
    assert "read.failed" not in outcome.said


def test_every_alert_reaches_the_mailbox_too(outcome: Outcome) -> None:
    mails = [post.mail for post in outcome.posts if post.sink == "mail"]
    assert len({mail["Message-ID"] for mail in mails}) == len(mails) == sum(outcome.alerts.values())
    for mail in mails:
        assert len(mail.get_all("Bcc", [])) == 0, "C02: a title adds no header"
        assert len(str(mail["Subject"])) <= 250


def test_slack_payloads_hold_no_mention_and_keep_their_shape(outcome: Outcome) -> None:
    """C04, C05, C09."""
    posts = [post for post in outcome.posts if post.sink == "slack:chat"]
    assert posts
    for post in posts:
        text = post.body.decode()
        assert not [mark for mark in ("<!channel", "<!here", "<!subteam", "<!everyone", "<@U1", "<#C1", "<http://evil") if mark in text]
        assert len(post.json["blocks"]) <= 50
        assert sum(map(len, _strings(post.json["blocks"]))) <= 12_000


def test_requests_are_conditional_and_carry_nothing_of_ours(outcome: Outcome) -> None:
    """N26: cookies and referrers are never sent."""
    heads = [head for asked in outcome.heads.values() for _, head in asked]
    assert heads
    assert not [head for head in heads if "cookie" in head or "referer" in head]


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inside for text in _strings(each)]
