"""The commands that load the whole configuration: check, feeds add … export, channels, prune."""

import json
import tomllib
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from watcher import config, store
from watcher.store import Store

CONFIG = """
# mine
[watcher]
database = "sqlite:///watcher.db"

[fetch]
allow_private = ["127.0.0.0/8"]

[[feeds]]
url = "https://example.org/rss"   # the first
name = "Example"
tags = ["news"]

[[rules]]
name = "shells"
any = ["shells"]
channels = ["hook"]

[channels.hook]
type = "webhook"
url = "{url}/hook"
allow_private = ["127.0.0.0/8"]
"""

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Local</title>
<item><title>One</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item></channel></rss>"""


class Handler(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.answer(FEED if self.path == "/rss" else b"<html>nothing</html>")

    def do_POST(self):
        self.server.received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(b"ok")

    def answer(self, body):
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"v1"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.received, http.status = [], 200
        thread = Thread(target=http.serve_forever)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def file(tmp_path, url, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    path = tmp_path / "watcher.toml"
    path.write_text(CONFIG.replace("{url}", url))
    return path


@pytest.fixture
def watcher(cli, file):
    return lambda *arguments: cli("-c", file, *arguments)


def test_a_good_configuration_is_counted(watcher, file):
    done = watcher("check", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert (found["ok"], found["file"], found["feeds"], found["rules"], found["channels"], found["problems"]) == (
        True,
        str(file),
        1,
        1,
        1,
        [],
    )
    assert "1 feeds, 1 rules" in watcher("check").out


def test_every_problem_is_listed_with_its_place(watcher, file):
    file.write_text(file.read_text().replace("[fetch]", '[fetch]\ntimeout = "soon"').replace('"hook"]', '"hok"]'))
    done = watcher("check")
    assert done.code == 78
    lines = done.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{file}:") for line in lines)
    found = json.loads(watcher("check", "--json").out)
    assert found["ok"] is False
    assert {"file", "line", "key", "message"} == set(found["problems"][0])


def test_a_feed_is_tried_and_added_and_comments_stay(watcher, file, url):
    done = watcher("feeds", "add", f"{url}/rss", "--tag", "local")
    assert done.code == 0, done.err
    assert "Local" in done.out
    assert "One" in done.out
    text = file.read_text()
    assert {"# mine", "# the first"} <= {f"# {part.splitlines()[0]}" for part in text.split("# ")[1:]}
    assert tomllib.loads(text)["feeds"][1] == {"url": f"{url}/rss", "tags": ["local"]}


@pytest.mark.parametrize("path", ["/page.html", "/none"])
def test_what_is_no_feed_is_not_added(path, watcher, file, url, server):
    server.status = 200 if path == "/page.html" else 404
    before = file.read_text()
    assert watcher("feeds", "add", url + path).code == 1
    assert file.read_text() == before
    assert watcher("feeds", "add", url + path, "--no-test").code == 0


def test_a_feed_is_known_again_by_another_spelling_of_its_address(watcher, file, url):
    assert watcher("feeds", "add", f"{url}/rss").code == 0
    for same in (f"{url}/rss/", f"{url}/rss#top", "http://www.example.org/rss", "example.org/rss/"):
        done = watcher("feeds", "add", same, "--no-test")
        assert (done.code, "configured already" in done.err) == (1, True), same
    assert watcher("feeds", "add", f"{url}/rss?page=2", "--no-test").code == 0


def test_a_page_is_searched_for_its_feeds_and_one_is_taken_only_when_told_so(watcher, file, url):
    done = watcher("feeds", "add", f"{url}/page.html")
    assert done.code == 1
    assert f"{url}/rss" in done.err
    done = watcher("feeds", "add", f"{url}/page.html", "--yes", "--interval", "5m", "--name", "Mine", "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert (said["url"], said["format"], said["entries"], said["newest"], said["source"]) == (
        f"{url}/rss",
        "rss20",
        2,
        ["One", "Two"],
        "common path",
    )
    assert tomllib.loads(file.read_text())["feeds"][1] == {"url": f"{url}/rss", "name": "Mine", "interval": "5m"}


def test_what_was_fetched_to_try_a_feed_is_not_fetched_again(watcher, file, url, tmp_path):
    """One unconditional request per feed, adding included: the daemon's first poll carries the validators, and what was there is known."""
    loaded = config.load(file)
    with Store.open(loaded.database) as database:
        assert watcher("feeds", "add", f"{url}/rss").code == 0
        now = database.clock()
        assert not database.read_now(lambda conn: store.feeds.listing(conn, now=now)), "nobody polls it yet"
        seeds = [store.feeds.FeedSeed(f"{url}/rss", "127.0.0.1", "", timedelta(minutes=10), now)]
        database.write_now(lambda conn: store.feeds.sync(conn, seeds, now=now))  # as a reload does
        (state,) = database.write_now(lambda conn: store.feeds.claim(conn, now=now, lease=timedelta(seconds=30), limit=9, per_host=2))
        assert (state.etag, state.title, state.span_count) == ('"v1"', "Local", 2)
        assert state.baseline_at is not None
        (row,) = database.read_now(lambda conn: store.feeds.listing(conn, now=now))
        assert (row["entries"], row["new_24h"]) == (2, 0)


def test_a_wrong_interval_is_a_mistake_in_usage(watcher, file):
    before = file.read_text()
    assert watcher("feeds", "add", "https://example.net/rss", "--no-test", "--interval", "soon").code == 2
    assert file.read_text() == before


def test_discover_lists_what_a_site_has_and_says_no_when_it_has_nothing(watcher, url, server):
    (found,) = (json.loads(line) for line in watcher("feeds", "discover", f"{url}/", "--json").out.splitlines())
    assert (found["url"], found["title"], found["entries"], found["configured"]) == (f"{url}/rss", "Local", 2, False)
    assert "Local" in watcher("feeds", "discover", f"{url}/").out
    server.status = 404
    assert watcher("feeds", "discover", f"{url}/").code == 1


def test_a_feed_is_not_added_twice_nor_where_nobody_looks(watcher, file, url, tmp_path):
    assert watcher("feeds", "add", "https://example.org/rss", "--no-test").code == 1
    done = watcher("feeds", "add", f"{url}/rss", "--file", tmp_path / "elsewhere.toml")
    assert (done.code, "include" in done.err) == (1, True)
    assert not (tmp_path / "elsewhere.toml").exists()


def test_what_the_configuration_refuses_is_not_added(watcher, file):
    before = file.read_text()
    assert watcher("feeds", "add", "file:///etc/passwd", "--no-test").code == 78
    assert file.read_text() == before


def test_feeds_go_out_as_opml_and_come_back_in(watcher, file, tmp_path):
    listed = json.loads(watcher("feeds", "export", "--json").out)
    assert {frozenset(feed) for feed in listed} == {frozenset(("url", "name", "tags"))}
    outline = watcher("feeds", "export").out
    assert 'xmlUrl="https://example.org/rss"' in outline
    (tmp_path / "in.opml").write_text(outline.replace("example.org/rss", "example.net/rss"))
    assert (
        json.loads(watcher("feeds", "import", tmp_path / "in.opml", "--file", tmp_path / "feeds.d" / "in.toml", "--json").out)["added"] == 1
    )
    assert tomllib.loads((tmp_path / "feeds.d" / "in.toml").read_text())["feeds"][0]["name"] == "Example (example.net)"
    assert json.loads(watcher("feeds", "import", tmp_path / "in.opml", "--json").out) == {"added": 0, "known": 1, "file": str(file)}
    assert json.loads(watcher("check", "--json").out)["feeds"] == 2


def test_a_feed_is_removed_from_the_file_that_has_it(watcher, file):
    assert watcher("feeds", "remove", "Example").code == 0
    assert "feeds" not in tomllib.loads(file.read_text())
    assert watcher("feeds", "remove", "Example").code == 1


def test_a_channel_is_tried_with_a_notice(watcher, server):
    done = watcher("channels", "test", "hook", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["ok"] is True
    ((headers, body),) = server.received
    assert json.loads(body)["type"] == "watcher.notice"
    assert "hook" in body.decode()
    assert "webhook-id" in {name.lower() for name in headers}


def test_a_channel_that_refuses_is_a_no_with_the_answer(watcher, server):
    server.status = 500
    done = watcher("channels", "test", "hook")
    assert done.code == 1
    assert "500" in done.err
    assert json.loads(watcher("channels", "test", "hook", "--json").out)["ok"] is False


def test_a_channel_that_is_not_configured_is_named_with_those_that_are(watcher):
    done = watcher("channels", "test", "hok")
    assert done.code == 1
    assert "hok" in done.err
    assert "hook" in done.err


def test_channels_are_listed_and_used_again(watcher, tmp_path):
    assert json.loads(watcher("channels", "list", "--json").out)["name"] == "hook"
    with Store.open(f"sqlite:///{tmp_path / 'watcher.db'}") as database:
        now = database.clock()
        database.write_now(lambda conn: store.deliveries.disable_channel(conn, "hook", reason="410", now=now))
        assert watcher("channels", "enable", "hook").code == 0
        assert database.read_now(store.deliveries.disabled_channels) == frozenset()


def test_pruning_says_how_much_went(watcher, tmp_path):
    Store.open(f"sqlite:///{tmp_path / 'watcher.db'}").close()
    assert json.loads(watcher("prune", "--json").out) == {"rows": 0}


def test_the_database_is_found_as_the_whole_configuration_finds_it(file, tmp_path, monkeypatch):
    """Quickly, and even when the rest is broken."""
    from types import SimpleNamespace

    from watcher import config
    from watcher.cli import opened

    ctx = SimpleNamespace(find_root=lambda: SimpleNamespace(obj=file))
    (tmp_path / "state").mkdir()
    for value in ('"sqlite:///watcher.db"', f'"sqlite:////{str(tmp_path)[1:]}/abs.db"', '"postgresql://me@host/db"', None):
        for state in ("", f"{tmp_path / 'state'}:/elsewhere"):
            monkeypatch.setenv("STATE_DIRECTORY", state)
            text = CONFIG.replace("{url}", "https://example.org").replace(
                'database = "sqlite:///watcher.db"', f"database = {value}" if value else ""
            )
            file.write_text(text)
            assert opened.database(ctx) == config.load(file).database
