"""From TOML to the values that the rest of the program works with: every key of the contract."""

from __future__ import annotations

import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.conftest import Load
from watcher import config
from watcher.model import (
    Alias,
    EmailSettings,
    FullText,
    Repeat,
    Secret,
    Security,
    Severity,
    SlackSettings,
    Updates,
    WebhookSettings,
    Within,
)

WHOLE = """
[watcher]
database  = "postgresql://watcher@db.example.org/watcher"
timezone  = "Europe/Kyiv"
include   = []
contact   = "mailto:desk@example.org"
retention = "30d"

[fetch]
interval = "5m"
min_interval = "1s"
max_interval = "1h"
concurrency = 8
per_host = 1
timeout = "10s"
max_body = "512KiB"
robots = false
proxy = "http://proxy:3128"
allow_private = ["127.0.0.0/8"]

[web]
listen = "0.0.0.0:8080"
allowed_hosts = ["Watcher.example.org"]
password = { env = "WEB" }
public_url = "https://watcher.example.org/"

[[feeds]]
url = "https://example.org/rss"
name = "Example"
tags = ["ukraine", "news", "news"]
interval = "2m"
full_text = "never"
headers = { Authorization = { env = "TOKEN" }, Accept-Language = "uk" }
proxy = "http://other:3128"
user_agent = "Mozilla/5.0"
username = "me"
password = { env = "TOKEN" }
backfill = 3

[entities.patriot]
name = "MIM-104 Patriot"
kind = "weapon"
aliases = ["Patriot", { text = "PAC", case = true }]
requires = ["missile*"]
rejects = ["NFL"]
within = 12
inflect = true
accents = "ignore"
must_match = ["A Patriot missile."]
must_not_match = ["Patriots."]

[terms]
munitions = ["ammunition", "155 mm"]
more = { file = "terms.txt" }

[[rules]]
name = "all"
query = "@patriot OR $munitions"
any = ["Patriot"]
all = ["missile"]
none = ["football"]
score = { Patriot = 5, missile = 0.5 }
threshold = 5
feeds = ["example", "tag:Ukraine"]
languages = ["EN", "uk"]
severity = "high"
channels = ["desk", "siem"]
repeat = "article"
updates = "none"
limit = "20/h"
sources = 2
edits = "thread"
inflect = true
accents = "ignore"

[channels.desk]
type = "email"
to = ["desk@example.org", "two@example.org"]
from = "watcher@example.org"
host = "smtp.example.org"
port = 465
security = "tls"
username = "watcher"
password = { env = "TOKEN" }
timezone = "Asia/Tokyo"
digest = "0 8 * * mon-fri"
group = { wait = "10s" }
quiet = "22:00-07:00"
fallback = "siem"
escalate = { after = "15m", channels = ["defence"] }

[channels.defence]
type = "slack"
url = { env = "SLACK" }
allow_private = ["10.0.0.5"]

[channels.siem]
type = "webhook"
url = "https://siem.example.org/in"
secret = [{ env = "TOKEN" }, { env = "WEB" }]
headers = { X-Tenant = "a" }

[channels.phone]
type = "apprise"
url = { env = "APPRISE" }

[[routes]]
match = { severity = ["urgent"], rule = ["all"], entity = ["patriot"], tag = ["ukraine"], language = ["UK"], feed = ["Example"], min_sources = 3 }
channels = ["phone"]
continue = true

[operators]
channels = ["desk"]
heartbeat = { url = "https://hc.example.org/ping", every = "1m" }
"""


@pytest.fixture
def whole(load: Load, put, monkeypatch: pytest.MonkeyPatch) -> config.Config:
    for name, value in {"TOKEN": "token", "WEB": "web", "SLACK": "https://hooks.example.org/T/B/x", "APPRISE": "ntfy://topic"}.items():
        monkeypatch.setenv(name, value)
    put("terms.txt", "\ufeffshell*\r\n\n# a remark\n  mine  \nshell*\n")
    return load(WHOLE)


def test_the_daemon_and_its_fetching(whole: config.Config) -> None:
    assert (whole.database, whole.timezone, whole.contact) == (
        "postgresql://watcher@db.example.org/watcher",
        "Europe/Kyiv",
        "mailto:desk@example.org",
    )
    assert whole.retention == timedelta(days=30)
    assert whole.fetch == config.FetchConfig(
        interval=timedelta(minutes=5),
        min_interval=timedelta(seconds=1),
        max_interval=timedelta(hours=1),
        concurrency=8,
        per_host=1,
        timeout=timedelta(seconds=10),
        max_body=512 * 1024,
        robots=False,
        proxy="http://proxy:3128",
        allow_private=("127.0.0.0/8",),
    )
    assert whole.web == config.WebConfig(
        host="0.0.0.0", port=8080, allowed_hosts=("watcher.example.org",), password=Secret("web"), public_url="https://watcher.example.org"
    )
    assert whole.operators == config.OperatorsConfig(
        channels=("desk",), heartbeat_url=Secret("https://hc.example.org/ping"), heartbeat_every=timedelta(minutes=1)
    )


def test_a_feed(whole: config.Config) -> None:
    (feed,) = whole.feeds
    assert (feed.url, feed.name, feed.tags, feed.interval) == (
        "https://example.org/rss",
        "Example",
        ("ukraine", "news"),
        timedelta(minutes=2),
    )
    assert (feed.full_text, feed.proxy, feed.user_agent, feed.backfill) == (FullText.NEVER, "http://other:3128", "Mozilla/5.0", 3)
    assert feed.headers == (("Authorization", Secret("token")), ("Accept-Language", "uk"))
    assert (feed.username, feed.password) == ("me", Secret("token"))


def test_entities_terms_and_rules(whole: config.Config) -> None:
    (entity,), (munitions, more), (rule,) = whole.entities, whole.terms, whole.rules
    assert (entity.id, entity.name, entity.kind, entity.within) == ("patriot", "MIM-104 Patriot", "weapon", Within(unit="words", words=12))
    assert entity.aliases == (Alias(text="Patriot"), Alias(text="PAC", case=True))
    assert (entity.requires, entity.rejects, entity.inflect, entity.accents) == (("missile*",), ("NFL",), True, "ignore")
    assert (entity.must_match, entity.must_not_match) == (("A Patriot missile.",), ("Patriots.",))
    assert (munitions.items, more.items) == (("ammunition", "155 mm"), ("shell*", "mine"))
    assert (rule.query, rule.any_, rule.all_, rule.none_) == ("@patriot OR $munitions", ("Patriot",), ("missile",), ("football",))
    assert (rule.score, rule.threshold, rule.limit, rule.sources) == ((("Patriot", 5.0), ("missile", 0.5)), 5.0, (20, 3600.0), 2)
    assert (rule.feeds, rule.languages, rule.channels) == (("example", "tag:Ukraine"), ("en", "uk"), ("desk", "siem"))
    assert (rule.severity, rule.repeat, rule.updates, rule.edits) == (Severity.HIGH, Repeat.ARTICLE, Updates.NONE, "thread")
    lines = WHOLE.split("\n")
    for thing, header in ((entity, "[entities.patriot]"), (munitions, "munitions ="), (rule, "[[rules]]")):
        assert thing.file is not None
        assert thing.file.endswith("watcher.toml")
        assert thing.line is not None
        assert lines[thing.line - 1].startswith(header)


def test_channels_and_routes(whole: config.Config) -> None:
    policy, settings = whole.channels["desk"]
    assert isinstance(settings, EmailSettings)
    assert (settings.to, settings.sender, settings.host) == (
        ("desk@example.org", "two@example.org"),
        "watcher@example.org",
        "smtp.example.org",
    )
    assert (settings.port, settings.security, settings.username, settings.password) == (465, Security.TLS, "watcher", Secret("token"))
    assert (policy.name, policy.type, policy.timezone, policy.digest) == ("desk", "email", "Asia/Tokyo", "0 8 * * mon-fri")
    assert (policy.group, policy.quiet) == ((timedelta(seconds=10), timedelta(minutes=5)), (time(22), time(7)))
    assert (policy.fallback, policy.escalate) == ("siem", (timedelta(minutes=15), ("defence",)))
    assert whole.channels["defence"][0].timezone == "Europe/Kyiv"
    assert whole.channels["defence"][1] == SlackSettings(url=Secret("https://hooks.example.org/T/B/x"), allow_private=("10.0.0.5/32",))
    assert whole.channels["siem"][1] == WebhookSettings(
        url=Secret("https://siem.example.org/in"), secrets=(Secret("token"), Secret("web")), headers=(("X-Tenant", "a"),)
    )
    (route,) = whole.routes
    assert (route.channels, route.severity, route.rule, route.entity) == (("phone",), (Severity.URGENT,), ("all",), ("patriot",))
    assert (route.tag, route.language, route.feed, route.min_sources, route.continue_) == (("ukraine",), ("uk",), ("Example",), 3, True)


def test_an_empty_file_is_a_configuration_with_the_defaults_of_the_contract(load: Load, tmp_path: Path) -> None:
    empty = load("")
    assert empty.database == f"sqlite:///{tmp_path}/watcher.db"
    assert (empty.timezone, empty.contact, empty.retention) == ("UTC", None, timedelta(days=90))
    assert (empty.fetch.interval, empty.fetch.min_interval, empty.fetch.max_interval) == (
        timedelta(minutes=10),
        timedelta(minutes=2),
        timedelta(hours=6),
    )
    assert (empty.fetch.concurrency, empty.fetch.per_host, empty.fetch.timeout, empty.fetch.max_body) == (
        64,
        2,
        timedelta(seconds=30),
        10**7,
    )
    assert (empty.fetch.robots, empty.fetch.proxy, empty.fetch.allow_private) == (True, None, ())
    assert (empty.web, empty.operators, empty.feeds, empty.rules, dict(empty.channels), empty.warnings) == (None, None, (), (), {}, ())
    assert empty.files == (tmp_path / "watcher.toml",)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ('"sqlite:///x.db"', "sqlite:///{state}/x.db"),
        ('"sqlite:////var/x.db"', "sqlite:////var/x.db"),
        ('"postgresql:///x"', "postgresql:///x"),
    ],
)
def test_a_relative_database_lies_in_the_state_directory(load: Load, tmp_path: Path, written: str, means: str) -> None:
    assert load(f"[watcher]\ndatabase = {written}", state_dir=tmp_path / "state").database == means.format(state=tmp_path / "state")
    assert load("", state_dir=tmp_path / "state").database == f"sqlite:///{tmp_path}/state/watcher.db"


def test_the_first_of_several_state_directories_counts(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
    assert load().database == "sqlite:////var/lib/a/watcher.db"


def test_bounds_of_the_interval_that_were_not_written_give_way(load: Load) -> None:
    fetch = load('[fetch]\nmax_interval = "1m"').fetch
    assert (fetch.min_interval, fetch.interval, fetch.max_interval) == (timedelta(minutes=1),) * 3
    odd = load('[fetch]\ninterval = "1s"\nmin_interval = "5s"')
    assert odd.fetch.interval == timedelta(seconds=5)
    assert "5s is used" in str(odd.warnings[0])


def test_a_password_in_a_feeds_url_leaves_the_url(load: Load) -> None:
    loaded = load('[[feeds]]\nurl = "https://me:s%40cret@example.org/rss"')
    assert (loaded.feeds[0].url, loaded.feeds[0].username, loaded.feeds[0].password) == ("https://example.org/rss", "me", Secret("s@cret"))
    assert "password in the URL" in str(loaded.warnings[0])
    assert "s@cret" not in repr(loaded)


def test_an_entity_without_aliases_is_known_by_its_name(load: Load) -> None:
    (entity,) = load('[entities.kyiv]\nname = "Kyiv"').entities
    assert entity.aliases == (Alias(text="Kyiv"),)


def test_odd_but_legal_things_are_warnings_with_their_place(load: Load) -> None:
    loaded = load('[[feeds]]\nurl = "https://example.org/"\n\n[[rules]]\nname = "a"\nany = ["x"]\nfeeds = ["tag:news", "Some title"]\n')
    said = [str(warning) for warning in loaded.warnings]
    assert [line.partition("watcher.toml:")[2].partition(":")[0] for line in said] == ["4", "7", "7"]
    assert any("there is no channel" in line for line in said)
    assert any('no feed has the tag "news"' in line for line in said)
    assert any("unless it is the title of one without a name" in line for line in said)


def test_an_empty_list_of_channels_is_not_the_same_as_none(load: Load) -> None:
    quiet, loud = load('[[rules]]\nname = "a"\nany = ["x"]\nchannels = []\n[[rules]]\nname = "b"\nany = ["x"]').rules
    assert (quiet.channels, loud.channels) == ((), None)


def test_all_problems_come_at_once_in_order_and_not_too_many_are_printed(refused, load: Load, put) -> None:
    put("rules.d/b.toml", "[[rules]]\nname = 'x'\n" * 100)
    put("rules.d/a.toml", '[[rules]]\nname = "a"\nany = ["x"]\nchannels = ["nobody"]\n')
    text = '[fetch]\ninterval = "soon"\n\n[watcher]\ntimezone = "Mars/Olympus"\n'
    with pytest.raises(config.ConfigErrors) as caught:
        load(text)
    problems = caught.value.problems
    assert len(problems) == 2 + 1 + 1 + 99  # two values, a channel, a rule without a condition, and its 99 repetitions
    assert [(problem.file, problem.line) for problem in problems] == sorted((problem.file, problem.line) for problem in problems)
    printed = str(caught.value).splitlines()
    assert len(printed) == 41
    assert printed[-1] == f"and {len(problems) - 40} more"


def test_the_usual_places_are_searched_in_their_order(tmp_path: Path, put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.find(Path("given.toml")) == Path("given.toml")
    put("config/watcher.toml", "")
    assert config.find(None) == Path("config/watcher.toml")
    monkeypatch.setenv("WATCHER_CONFIG", "/elsewhere.toml")
    assert config.find() == Path("/elsewhere.toml")


def test_rules_load_without_the_rest_and_channels_are_ignored(put) -> None:
    path = put(
        "rules.toml",
        '[channels.x]\ntype = "nonsense"\n[[feeds]]\n[terms]\nm = ["shell*"]\n[[rules]]\nname = "a"\nquery = "$m"\nchannels = ["x"]\n',
    )
    rules, entities, terms = config.load_rules([path])
    assert (rules[0].name, rules[0].channels, entities, terms[0].items) == ("a", ("x",), (), ("shell*",))
    assert config.load_rulebook([path]) is not None
    assert config.load_rules([path.parent])[0] == rules


def test_a_rule_that_does_not_compile_is_named_by_file_and_line_without_a_configuration(put) -> None:
    path = put("rules.toml", '[[rules]]\nname = "a"\nquery = "("\n')
    with pytest.raises(config.ConfigErrors, match=r"rules\.toml:3: rules\[a\]\.query: "):
        config.load_rulebook([path])
    with pytest.raises(config.ConfigErrors, match="unknown table"):
        config.load_rules([put("x.toml", "[rule]\n")])


def test_importing_the_package_does_not_import_pydantic() -> None:
    code = "import sys, watcher.config; assert not {'pydantic', 'tomli', 'watcher.config.models'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="[]{}=\"'\\\n#ab1._-, \x00\ufeffé", max_size=60).map(str.encode)))
def test_no_bytes_make_loading_fail_otherwise_than_by_problems_with_a_place(load: Load, content: bytes) -> None:
    problems = ()
    try:
        load(content)
    except config.ConfigErrors as errors:
        problems = errors.problems
    for problem in problems:
        assert problem.file
        assert len(problem.message) <= 400


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-5, 10**6), st.sampled_from(["", "x", "tag:x", "1h", "http://x/", "a\\u0000b", "email"]), st.just(1.5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["url", "name", "type", "file", "text", "wait"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = [
    "url",
    "name",
    "tags",
    "interval",
    "headers",
    "proxy",
    "any",
    "score",
    "threshold",
    "limit",
    "channels",
    "match",
    "type",
    "to",
    "secret",
    "aliases",
    "include",
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["[watcher]", "[fetch]", "[web]", "[[feeds]]", "[entities.a]", "[terms]", "[[rules]]", "[channels.a]", "[[routes]]", "[operators]"]),
       st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))  # fmt: skip
def test_no_value_of_a_wrong_shape_makes_loading_fail_otherwise(load: Load, header: str, table: dict[str, object]) -> None:
    from watcher.config.reference import toml

    text = f"{header}\n" + "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    said = ""
    try:
        load(text)
    except config.ConfigErrors as errors:
        said = str(errors)
    assert all(line.count("watcher.toml:") for line in said.splitlines())
