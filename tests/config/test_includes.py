"""Which files make up the configuration, and what is said about those that do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.conftest import Load

RULE = '[[rules]]\nname = "{}"\nany = ["x"]\n'


def test_the_default_folders_are_read_in_order_and_may_be_absent(load: Load, put, tmp_path: Path) -> None:
    put("rules.d/b.toml", RULE.format("b"))
    put("rules.d/a.toml", RULE.format("a"))
    put("rules.d/.hidden.toml", "no toml")
    put("rules.d/notes.txt", "no toml")
    put("entities.d/e.toml", '[entities.kyiv]\naliases = ["Kyiv"]\n')
    put("feeds.d/f.toml", '[[feeds]]\nurl = "https://example.org/"\n')
    loaded = load()
    assert [rule.name for rule in loaded.rules] == ["a", "b"]
    assert [path.relative_to(tmp_path).as_posix() for path in loaded.files] == [
        "watcher.toml",
        "feeds.d/f.toml",
        "rules.d/a.toml",
        "rules.d/b.toml",
        "entities.d/e.toml",
    ]


def test_paths_are_relative_to_the_file_that_says_them(put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from watcher import config

    put("etc/watcher.toml", '[watcher]\ninclude = ["more/**/*.toml"]\n')
    put("etc/more/deep/t.toml", 'terms.x = { file = "x.txt" }\n')
    put("etc/more/deep/x.txt", "shell\n")
    monkeypatch.chdir(tmp_path)
    assert config.load(Path("etc/watcher.toml")).terms[0].items == ("shell",)


def test_a_pattern_that_finds_nothing_is_a_warning_only_where_the_user_wrote_it(load: Load) -> None:
    assert load("").warnings == ()
    (warning,) = load('[watcher]\ninclude = [\n  "rules.d/*.toml",\n]\n').warnings
    assert str(warning).endswith('watcher.toml:3: watcher.include[1]: the pattern "rules.d/*.toml" finds no file')


def test_a_file_found_twice_is_read_once(load: Load, put) -> None:
    put("rules.d/a.toml", RULE.format("a"))
    assert len(load('[watcher]\ninclude = ["rules.d/a.toml", "rules.d/*.toml", "*.toml"]').rules) == 1


def test_symbolic_links_are_followed_and_circles_and_loose_ends_are_named(load: Load, put, refused, tmp_path: Path) -> None:
    put("elsewhere/r.toml", RULE.format("a"))
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "r.toml").symlink_to("../elsewhere/r.toml")
    assert len(load().rules) == 1
    (tmp_path / "rules.d" / "circle.toml").symlink_to("circle.toml")
    (tmp_path / "rules.d" / "loose.toml").symlink_to("nowhere.toml")
    said = refused()
    assert "rules.d/circle.toml cannot be read: symbolic links in a circle" in said
    assert "rules.d/loose.toml cannot be read: there is no such file" in said


def test_a_folder_that_links_to_itself_ends(load: Load, put, tmp_path: Path) -> None:
    put("rules.d/r.toml", RULE.format("a"))
    (tmp_path / "rules.d" / "again").symlink_to(".")
    assert len(load('[watcher]\ninclude = ["rules.d/**/*.toml"]').rules) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(refused, put) -> None:
    put("rules.d/r.toml", "").chmod(0)
    assert "rules.d/r.toml cannot be read: permission denied" in refused()


def test_a_fifo_does_not_hold_up_the_start(refused, tmp_path: Path) -> None:
    (tmp_path / "rules.d").mkdir()
    os.mkfifo(tmp_path / "rules.d" / "r.toml")
    assert "not a regular file" in refused()


def test_only_the_main_file_includes(refused, put) -> None:
    put("rules.d/r.toml", '[watcher]\ninclude = ["*.toml"]\n')
    assert "rules.d/r.toml:2: watcher.include: only the main file includes others" in refused()


def test_what_exists_twice_is_named_with_both_places(refused, put) -> None:
    put("feeds.d/f.toml", '[[feeds]]\nname = "A"\nurl = "https://example.org/1"\n[[feeds]]\nurl = "https://example.org/2#x"\n')
    put("rules.d/r.toml", '[terms]\nm = ["x"]\n[entities.e]\n[fetch]\n' + RULE.format("one"))
    put("rules.d/s.toml", '[channels.c]\ntype = "webhook"\nurl = "http://x/"\n')
    said = refused(
        '[fetch]\n[terms]\nm = ["x"]\n[entities.e]\n[channels.c]\ntype = "webhook"\nurl = "http://x/"\n'
        '[[feeds]]\nname = "A"\nurl = "https://example.org/2"\n' + RULE.format("one")
    )
    for what in ("the table [fetch]", 'the terms "m"', 'the entity "e"', 'the channel "c"', 'the feed "A"', 'the rule "one"'):
        assert sum(f"{what} exists already at " in line and line.count("watcher.toml:") == 1 for line in said.splitlines()) == 1
    assert 'the feed "https://example.org/2#x" exists already at ' in said


def test_errors_in_included_files_have_their_own_file_and_line(refused, put) -> None:
    put("rules.d/r.toml", '# a remark\n[[rules]]\nname = "a"\nany = ["x"]\nchannels = ["nobody"]\n')
    put("rules.d/bad.toml", "[[rules]]\nname = \n")
    said = refused()
    assert "rules.d/r.toml:5: rules[a].channels[1]: there is no channel" in said
    assert "rules.d/bad.toml:2: not TOML: " in said


def test_opml_brings_feeds_and_toml_counts_more(load: Load, refused, put) -> None:
    put(
        "feeds.d/list.opml",
        '<opml version="2.0"><body><outline text="ukraine"><outline text="One" xmlUrl="https://example.org/1"/></outline>'
        '<outline text="Two" xmlUrl="https://me:pw@example.org/2"/><outline text="x" xmlUrl="file:///etc/passwd"/></body></opml>',
    )
    loaded = load(
        '[[feeds]]\nurl = "https://EXAMPLE.org/1"\nname = "Mine"\n[[rules]]\nname = "a"\nany = ["x"]\nfeeds = ["Two"]\nchannels = []\n'
    )
    assert [(feed.name, feed.url) for feed in loaded.feeds] == [("Mine", "https://EXAMPLE.org/1"), ("Two", "https://example.org/2")]
    said = "\n".join(map(str, loaded.warnings))
    assert 'list.opml: skipped: the feed "https://example.org/1" exists already at ' in said
    assert "list.opml: skipped: expected a URL" in said
    put("feeds.d/list.opml", "<opml><body>")
    assert "list.opml: not an OPML file: " in refused()
