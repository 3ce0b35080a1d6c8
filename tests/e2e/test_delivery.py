"""The right message at the right time, by the real command line: storms, escalations, fallbacks, clicks, digests."""

from __future__ import annotations

import json
import re
import socket
from base64 import b64encode
from contextlib import suppress
from itertools import islice

import aiohttp
import pytest

from tests.e2e.world import HOOK, MAIL, SLACK, world
from watcher.newsroom import Trouble, load
from watcher.newsroom.plan import Plan, codes_in

pytestmark = pytest.mark.e2e

URGENT = '[[rules]]\nname = "fire"\nany = ["Patriot"]\nseverity = "urgent"\nupdates = "none"\nchannels = [{channels}]\n'


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def test_a_storm_becomes_few_messages_for_people_and_each_for_programs(tmp_path):
    """300 matches at once: the webhook gets each, Slack and mail few messages that name them all."""
    plan = Plan(7, feeds=3, planted=300, harmless=0, copies=0)
    (round_,) = islice(plan.rounds(), 1)
    async with world(tmp_path, outlets=plan.outlets) as w:
        w.write(rules='[[rules]]\nname = "storm"\nany = ["q*"]\nupdates = "none"\n', full_text='"never"')
        w.room.publish(*plan.baseline.pieces)
        await w.begin()
        w.room.publish(*round_.pieces)
        assert await w.arrives_all(round_.told, 60), w.daemon.said()
        slack, mails, hooks = (w.room.taken(sink) for sink in (SLACK, MAIL, HOOK))
        assert len(hooks) == 300
        assert len(slack) <= 45  # fifty in each, and fewer than thirty one by one behind them
        assert len(mails) <= 200
        assert len(slack) <= 4 + slack[-1].at - slack[0].at  # one a second after a burst of three
        counts = {sink: sum(len(codes_in(post.text)) for post in w.room.taken(sink)) for sink in (SLACK, MAIL)}
        assert counts == {SLACK: 300, MAIL: 300}
        status, out, _ = await w.command("deliveries", "list", "--channel", "chat", "-n", "1000", "--json")
        bundles = {row["message"] for row in map(json.loads, out.splitlines()) if row["bundle"] == "storm"}
        assert (status, bool(bundles)) == (0, True)
        _, listed, _ = await w.command("alerts", "list", "--bundle", str(min(bundles)), "--json")
        assert 15 < len(listed.splitlines()) <= 50


async def test_an_urgent_alert_that_nobody_acknowledges_escalates_once_also_over_a_restart(tmp_path):
    async with world(tmp_path) as w:
        w.write(rules=URGENT.format(channels='"desk"'))
        config = w.config.read_text().replace(
            "[channels.desk]\n", '[channels.desk]\nescalate = { after = "4s", channels = ["siem", "chat"] }\n'
        )
        w.config.write_text(config)
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=[MAIL]), w.daemon.said()
        assert await w.room.until(lambda: "delivery.sent" in w.daemon.said(), 10)
        await w.daemon.kill()
        assert w.room.taken(HOOK) == []
        w.daemon.start()
        assert await w.arrives(1, sinks=[HOOK, SLACK]), w.daemon.said()
        assert "Nobody has acknowledged this for" in w.room.taken(SLACK)[0].text
        await w.quiet(seconds=5)
        assert [len(w.room.taken(sink)) for sink in (MAIL, SLACK, HOOK)] == [1, 1, 1]


async def test_an_acknowledged_alert_does_not_escalate(tmp_path):
    async with world(tmp_path) as w:
        w.write(rules=URGENT.format(channels='"desk"'))
        config = w.config.read_text().replace("[channels.desk]\n", '[channels.desk]\nescalate = { after = "5s", channels = ["siem"] }\n')
        w.config.write_text(config)
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=[MAIL]), w.daemon.said()
        alert = re.search(r"alert ([0-9a-f]{32})", w.room.taken(MAIL)[0].text)[1]
        status, out, _ = await w.command("alerts", "ack", alert, "--by", "ann")
        assert (status, "acknowledged by ann" in out) == (0, True)
        await w.quiet(seconds=6)
        assert w.room.taken(HOOK) == []


async def test_what_a_channel_that_is_gone_should_have_told_comes_by_its_fallback(tmp_path):
    async with world(tmp_path) as w:
        w.write(rules='[[rules]]\nname = "r"\nany = ["Patriot"]\nupdates = "none"\nchannels = ["chat"]\n')
        w.config.write_text(w.config.read_text().replace("[channels.chat]\n", '[channels.chat]\nfallback = "siem"\n'))
        await w.begin()
        w.room.plant(w.room.slack("chat"), Trouble(status=410, body=b"channel_is_archived"))
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=[HOOK]), w.daemon.said()
        _, out, _ = await w.command("deliveries", "list", "--channel", "chat", "--json")
        (moved,) = map(json.loads, out.splitlines())
        assert (moved["state"], "handed to siem" in moved["answer"]) == ("moved", True)
        w.room.publish(load("japanese"))  # from now on it goes there at once
        assert await w.room.until(lambda: len(w.room.taken(HOOK)) >= 1, 20)
        _, out, _ = await w.command("routes", "test", "--rule", "r", "--json")
        assert [channel["channel"] for channel in json.loads(out)["channels"]] == ["siem"]


async def test_links_in_a_mail_act_only_when_their_button_is_pressed(tmp_path):
    port = free_port()
    web = f'[web]\nlisten = "127.0.0.1:{port}"\npassword = "a word"\npublic_url = "http://127.0.0.1:{port}"\n'
    async with world(tmp_path) as w, aiohttp.ClientSession() as browser:
        w.write(rules=URGENT.format(channels='"desk"'), extra=web)
        escalate = '[channels.desk]\nescalate = { after = "1h", channels = ["siem"] }\n'
        w.config.write_text(w.config.read_text().replace("[channels.desk]\n", escalate))
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1, sinks=[MAIL]), w.daemon.said()
        links = dict(re.findall(r"(http://\S+/do/(\w+)/\S+)", w.room.taken(MAIL)[0].text))
        by_action = {action: url for url, action in links.items()}
        assert set(by_action) == {"open", "ack", "useful", "noise", "silence"}
        for url in links:
            async with browser.get(url) as answer:
                assert answer.status == 200, url
        _, out, _ = await w.command("silence", "list", "--json")
        assert out == ""
        for action in ("silence", "noise", "ack"):
            async with browser.post(by_action[action]) as answer:
                assert answer.status == 200
            async with browser.post(by_action[action][:-1] + "_") as answer:
                assert answer.status == 403
        _, out, _ = await w.command("silence", "list", "--json")
        (silence,) = map(json.loads, out.splitlines())
        assert (silence["rule"], silence["author"]) == ("fire", "a reader of desk")
        _, out, _ = await w.command("alerts", "list", "--json")
        (alert,) = map(json.loads, out.splitlines())
        assert alert["mark"]["verdict"] == "noise"
        _, out, _ = await w.command("alerts", "show", alert["id"], "--json")
        shown = json.loads(out)
        assert shown["acknowledged_by"] == "a reader of desk"
        assert [each["outcome"] for each in shown["escalations"]] == ["acknowledged"], "nobody else is called"
        w.room.publish(load("japanese"))
        await w.quiet(seconds=3)
        assert len(w.room.taken(MAIL)) == 1  # silenced
        async with browser.get(
            f"http://127.0.0.1:{port}/alerts.json", headers={"Authorization": "Basic " + b64encode(b"any:a word").decode()}
        ) as answer:
            assert len((await answer.json(content_type=None))["items"]) == 1


async def test_a_silence_by_words_counts_and_names_what_it_muted_and_says_when_it_is_over(tmp_path):
    async with world(tmp_path) as w:
        w.write(
            rules='[[rules]]\nname = "r"\nany = ["Patriot"]\nupdates = "none"\nchannels = ["desk"]\n',
            extra='[operators]\nchannels = ["siem"]\n',
        )
        await w.begin()
        _, out, _ = await w.command("silence", "add", "--text", "patriot interceptor missiles", "--for", "12s", "--author", "ann", "--json")
        number = json.loads(out)["id"]
        url = w.room.publish(load("lead"))
        await w.quiet(seconds=2)
        _, out, _ = await w.command("silence", "list", "--json")
        assert [json.loads(line)["muted"] for line in out.splitlines()] == [1]
        _, out, _ = await w.command("silence", "show", str(number), "--json")
        assert [match["url"] for match in json.loads(out)["matches"]] == [url]
        _, out, _ = await w.command("why", url)
        assert f"silence {number} by ann" in out
        assert await w.arrives(1, sinks=[HOOK]), w.daemon.said()
        (notice,) = [post.json for post in w.room.taken(HOOK)]
        assert (notice["type"], notice["data"]["subject"]) == ("watcher.notice", f"Silence {number} has ended")
        assert "It muted 1 match:" in notice["data"]["text"]
        assert w.room.taken(MAIL) == []


async def test_v12_a_receiver_that_hangs_or_is_down_delays_no_other(tmp_path):
    """Slack is down and the webhook never answers: mail tells all the same; Slack then gets what it missed."""
    plan = Plan(11, feeds=2, planted=4, harmless=0, copies=0)
    (round_,) = islice(plan.rounds(), 1)
    async with world(tmp_path, outlets=plan.outlets) as w:
        w.write(rules='[[rules]]\nname = "r"\nany = ["q*"]\nupdates = "none"\nlimit = "100000/h"\n', full_text='"never"')
        w.room.publish(*plan.baseline.pieces)
        await w.begin()
        w.room.plant(w.room.slack("chat"), Trouble(status=503))
        w.room.plant(w.room.hook("siem"), Trouble(delay=600))
        w.room.publish(*round_.pieces)

        def named(sink):
            return sorted(code for post in w.room.taken(sink) for code in codes_in(post.text))

        assert await w.room.until(lambda: named(MAIL) == sorted(round_.told), 60), w.daemon.said()
        assert (named(SLACK), named(HOOK)) == ([], [])
        w.room.lift(w.room.slack("chat"))
        _, out, _ = await w.command("alerts", "list", "--json")
        for alert in map(json.loads, out.splitlines()):  # at once, whatever step of the ladder each waits for
            await w.command("alerts", "resend", alert["id"], "--channel", "chat")
        assert await w.room.until(lambda: set(named(SLACK)) >= round_.told, 60), w.daemon.said()
        assert named(HOOK) == []


async def test_v15_when_every_channel_fails_status_the_metric_and_the_status_line_say_so_and_the_heartbeat_stays_away(tmp_path):
    """Nobody can be told: what looks on from outside must see it, and what waits must come when the receivers are back."""
    port, path = free_port(), str(tmp_path / "n")
    web = f'[web]\nlisten = "127.0.0.1:{port}"\npassword = "a word"\n'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.setblocking(False)
        lines = []

        def said(text):
            with suppress(BlockingIOError):
                while True:
                    lines.append(manager.recv(4096).decode())
            return any(text in line for line in lines if line.startswith("STATUS="))

        async with world(tmp_path, environ={"NOTIFY_SOCKET": path}) as w:
            beat = w.room.hook("beat")
            operators = f'[operators]\nchannels = ["siem"]\nheartbeat = {{ url = "{beat}", every = "1s" }}\n'
            w.write(rules='[[rules]]\nname = "r"\nany = ["Patriot"]\nupdates = "none"\n', extra=operators + web)
            await w.begin()
            for place, status in (("smtp", 421), (w.room.slack("chat"), 503), (w.room.hook("siem"), 500)):
                w.room.plant(place, Trouble(status=status))
            w.room.publish(load("lead"))
            assert await w.room.until(lambda: said("channels down: chat, desk, siem"), 40), (lines, w.daemon.said())
            assert await w.room.until(lambda: "heartbeat.withheld" in w.daemon.said(), 20), w.daemon.said()
            status, out, _ = await w.command("status", "--json")
            facts = json.loads(out)
            assert (status, sorted(facts["channels_down"])) == (1, ["chat", "desk", "siem"])
            basic = {"Authorization": "Basic " + b64encode(b"any:a word").decode()}
            async with aiohttp.ClientSession(headers=basic) as browser:
                async with browser.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    metrics = await answer.text()
                async with browser.get(f"http://127.0.0.1:{port}/") as answer:
                    page = await answer.text()
            for channel in ("chat", "desk", "siem"):
                assert re.search(rf'watcher_deliveries_total{{channel="{channel}",outcome="retry"}} [1-9]', metrics), metrics
            assert "Channels that are down: " in page
            w.room.lift()
            _, out, _ = await w.command("alerts", "list", "--json")
            (alert,) = map(json.loads, out.splitlines())
            assert (await w.command("alerts", "resend", alert["id"]))[0] == 0
            assert await w.arrives(1, seconds=60), w.daemon.said()
            lines.clear()
            assert await w.room.until(lambda: said("0 deliveries due"), 40), lines
            assert (await w.command("status"))[0] == 0
