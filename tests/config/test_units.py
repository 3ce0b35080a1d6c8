"""The small languages inside strings: what they accept, and that what they refuse names the allowed form."""

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import units

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())
)
PARSERS = [units.duration, units.size, units.limit, units.quiet, units.http_url, units.email, units.host, units.network, units.listen]


@given(st.integers(1, 36_500 * 86_400))
def test_a_duration_prints_and_parses_back(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert units.duration(units.duration_text(value)) == value


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("90s", 90), ("15m", 900), ("6h", 21_600), ("7d", 604_800), ("090s", 90)])
def test_durations_of_the_contract(text: str, seconds: int) -> None:
    assert units.duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "value",
    [
        "5 minutes",
        "0s",
        "0d",
        "-1s",
        "1e12",
        "1h30",
        "1h30m",
        "",
        "s",
        "1.5h",
        "٣s",
        "99999999999d",
        "36501d",
        0,
        -1,
        1e12,
        True,
        ["90s"],
        None,
        {},
    ],
)
def test_a_wrong_duration_names_the_allowed_form(value: object) -> None:
    with pytest.raises(ValueError, match=r'"90s"|"1s"'):
        units.duration(value)


@given(st.integers(1, 900), st.sampled_from(["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]))
def test_a_size_is_its_number_of_units(number: int, unit: str) -> None:
    assert units.size(f"{number}{unit}") == units.size(f"{number} {unit}") == number * units.size(f"1{unit}")


@pytest.mark.parametrize("value", ["10", "10mb", "0MB", "-1MB", "1e3MB", "9999999GB", 10_000_000, True, "", "MB"])
def test_a_wrong_size_names_the_allowed_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"10MB|1000GB"):
        units.size(value)


def test_limits_and_quiet_hours() -> None:
    assert units.limit("20/h") == (20, 3600.0)
    assert units.limit("100000/d") == (100_000, 86_400.0)
    assert units.quiet("22:00-07:00") == (time(22), time(7))
    for wrong in ("many", "20", "0/h", "20/s", "-1/h", "20/hour", 20):
        with pytest.raises(ValueError, match="20/h"):
            units.limit(wrong)
    for wrong in ("22-07", "24:00-07:00", "7:00-8:00", "22:00", "07:00-07:00", 22):
        with pytest.raises(ValueError, match="quiet hours"):
            units.quiet(wrong)


@pytest.mark.parametrize(
    "url", ["https://example.org/rss", "HTTP://EXAMPLE.org", "http://[2001:db8::1]:8080/x?y=1#z", "https://ї.example/путь"]
)
def test_urls_that_can_be_fetched_stay_as_they_are(url: str) -> None:
    assert units.http_url(f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "example.org/rss",
        "//example.org",
        "ftp://x",
        "javascript:alert(1)",
        "http://",
        "https:///x",
        "http://a b/",
        "http://x:99999/",
        "http://x:port/",
        "http://[::1",
        "http://x\r\nHost: y",
        "http://x/\x00",
        "http://x/" + "a" * 3000,
        "http://:80/",
        "http://x:0/",
        "",
        5,
        None,
    ],
)
def test_other_urls_are_refused_with_an_example(url: object) -> None:
    with pytest.raises(ValueError, match=r"https://example\.org/rss"):
        units.http_url(url)


def test_two_spellings_of_one_url_share_a_key() -> None:
    assert units.url_key("HTTP://Example.ORG:80#x") == units.url_key("http://example.org/")
    assert units.url_key("http://example.org/a") != units.url_key("http://example.org/A")
    assert units.url_key("http://example.org/?a") != units.url_key("https://example.org/?a")


def test_addresses_hosts_and_networks() -> None:
    assert units.email(" desk@example.org ") == "desk@example.org"
    assert units.host("[::1]") == "::1"
    assert units.network("10.0.0.5") == "10.0.0.5/32"
    assert units.listen("[::1]:8080") == ("::1", 8080)
    for wrong in ("desk", "a@b@c", "a b@c", "<a@b>", "a@", "a@b,c@d", 5):
        with pytest.raises(ValueError, match=r"desk@example\.org"):
            units.email(wrong)
    for wrong in ("smtp://x", "x:25", "-x", "a..b", "", "a b", 5):
        with pytest.raises(ValueError, match="expected a host"):
            units.host(wrong)
    for wrong in ("8080", ":8080", "localhost", "localhost:0", "localhost:99999", "::1:8080", "[x]:80", "a b:80", 8080):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1:8080"):
            units.listen(wrong)
    with pytest.raises(ValueError, match=r'did you mean "10\.0\.0\.0/8"'):
        units.network("10.0.0.1/8")


def test_only_loopback_is_loopback() -> None:
    assert all(units.is_loopback(name) for name in ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST."))
    assert not any(units.is_loopback(name) for name in ("0.0.0.0", "::", "10.0.0.1", "localhost.example.org", "example.org"))


@given(ANYTHING)
def test_no_value_makes_a_parser_fail_otherwise_than_by_a_short_value_error(value: object) -> None:
    for parse in PARSERS:
        said = ""
        try:
            parse(value)
        except ValueError as error:
            said = str(error)
        assert len(said) < 400
        assert "\n" not in said
