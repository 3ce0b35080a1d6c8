"""Editing the user's TOML: comments stay, and an edit that the configuration refuses is taken back."""

import tomllib

import pytest

from watcher.cli import feedfile
from watcher.errors import ConfigError
from watcher.model import Feed

TEXT = """# mine
[watcher]
timezone = "Europe/Kyiv"   # home

[[feeds]]
# the first
url = "https://a.example/rss"
name = "A"

[[feeds]]
url = "https://b.example/rss"   # the second
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "watcher.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def fine():
    return None


def refused():
    raise ConfigError("no")


def test_a_feed_is_appended_and_all_else_stays(file):
    feedfile.add(file, [Feed(url="https://c.example/rss", name='The "C"', tags=("news",))], fine)
    text = file.read_text()
    assert text.startswith(TEXT.rstrip("\n"))
    assert tomllib.loads(text)["feeds"][2] == {"url": "https://c.example/rss", "name": 'The "C"', "tags": ["news"]}
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_not_there_is_made(tmp_path):
    feedfile.add(tmp_path / "feeds.d" / "new.toml", [Feed(url="https://c.example/rss")], fine)
    assert tomllib.loads((tmp_path / "feeds.d" / "new.toml").read_text()) == {"feeds": [{"url": "https://c.example/rss"}]}


def test_an_edit_that_is_refused_is_taken_back(file, tmp_path):
    with pytest.raises(ConfigError):
        feedfile.add(file, [Feed(url="nonsense")], refused)
    with pytest.raises(ConfigError):
        feedfile.add(tmp_path / "new.toml", [Feed(url="nonsense")], refused)
    assert file.read_text() == TEXT
    assert [path.name for path in tmp_path.iterdir()] == ["watcher.toml"]


@pytest.mark.parametrize("wanted", ["https://a.example/rss", "A"])
def test_a_feed_is_removed_by_url_or_name_and_comments_elsewhere_stay(file, wanted):
    assert feedfile.remove([file], wanted, fine) == file
    text = file.read_text()
    assert [feed["url"] for feed in tomllib.loads(text)["feeds"]] == ["https://b.example/rss"]
    for comment in ("# mine", "# home", "# the second"):
        assert comment in text


def test_a_feed_that_is_in_no_file_changes_nothing(file, tmp_path):
    (tmp_path / "feeds.opml").write_text("<opml/>")
    assert feedfile.remove([file, tmp_path / "feeds.opml"], "https://z.example/", fine) is None
    assert file.read_text() == TEXT


def test_feeds_written_inline_are_left_to_their_owner(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text('feeds = [{ url = "https://a.example/rss" }]\n')
    with pytest.raises(ConfigError, match="--file"):
        feedfile.add(path, [Feed(url="https://c.example/rss")], fine)
