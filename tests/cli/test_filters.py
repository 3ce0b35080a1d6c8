"""parse, extract and cluster by the contract of DESIGN section 4."""

import json
import subprocess
import sys

import pytest

FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Example &amp; Sons</title><link>https://example.org/</link>
<language>en</language><ttl>30</ttl><atom:link rel="self" href="https://example.org/rss"/>
<item><title>Shells</title><link>/1</link><guid>g1</guid><pubDate>Sun, 10 Mar 2024 10:00:00 +0200</pubDate>
<description>Tokyo and Washington talk.</description><category>news</category></item></channel></rss>"""

PAGE = "<html lang='en'><head><title>Shells</title></head><body><nav>Home About</nav><article><h1>Shells</h1>{}</article></body></html>".format(
    "<p>Officials in Tokyo said on Sunday that they would speak with their American colleagues about making shells together.</p>" * 12
)


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(FEED)
    return path


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_parse_writes_what_the_contract_says(child, feed):
    done = child("parse", "--json", "--url", "https://example.org/rss", feed)
    assert done.code == 0
    assert objects(done.out) == [
        {
            "file": str(feed),
            "format": "rss20",
            "feed": {
                "title": "Example & Sons",
                "link": "https://example.org/",
                "language": "en",
                "self": "https://example.org/rss",
                "hub": None,
                "ttl": 30,
            },
            "entries": [
                {
                    "id": "g1",
                    "title": "Shells",
                    "url": "https://example.org/1",
                    "published": "2024-03-10T08:00:00Z",
                    "updated": None,
                    "author": "",
                    "summary": "Tokyo and Washington talk.",
                    "content": "",
                    "tags": ["news"],
                    "language": "en",
                }
            ],
            "problems": [],
        }
    ]


def test_extract_writes_what_the_contract_says(child):
    done = child("extract", "--json", "--url", "https://example.org/1", stdin=PAGE)
    (found,) = objects(done.out)
    assert set(found) == {"file", "url", "title", "text", "author", "published", "language", "site", "quality"}
    assert (found["file"], found["url"], found["title"], found["language"]) == ("-", "https://example.org/1", "Shells", "en")
    assert "American colleagues" in found["text"]
    assert "About" not in found["text"]


def test_standard_input_is_read_when_no_file_is_named(child):
    (found,) = objects(child("parse", "--json", stdin=FEED).out)
    assert (found["file"], found["feed"]["title"]) == ("-", "Example & Sons")


def test_each_input_has_its_line_in_order_and_one_that_cannot_be_read_has_an_error(child, feed, tmp_path):
    (tmp_path / "text.xml").write_text("hello")
    done = child("parse", "--json", tmp_path / "none.xml", feed, tmp_path / "text.xml", feed)
    found = objects(done.out)
    assert [line.get("format") for line in found] == [None, "rss20", None, "rss20"]
    assert found[0] == {"file": str(tmp_path / "none.xml"), "error": "No such file or directory"}
    assert set(found[2]) == {"file", "error"}
    assert done.code == 0


def test_the_exit_code_is_1_when_nothing_could_be_read(child):
    done = child("parse", "--json", "none.xml", "neither.xml")
    assert (done.code, len(objects(done.out))) == (1, 2)


def test_a_folder_stands_for_the_files_below_it_but_hidden_ones(child, tmp_path):
    below = tmp_path / "feeds"
    for name in ("b.xml", "a/z.xml", "a/.hidden.xml", ".git/x.xml", "c.xml"):
        (below / name).parent.mkdir(parents=True, exist_ok=True)
        (below / name).write_text(FEED)
    found = objects(child("parse", "--json", "feeds").out)
    assert [line["file"] for line in found] == ["feeds/a/z.xml", "feeds/b.xml", "feeds/c.xml"]


def test_names_and_texts_that_are_no_unicode_still_give_json(child, tmp_path):
    (tmp_path / b"caf\xe9.xml".decode("utf-8", "surrogateescape")).write_text(FEED)
    (found,) = objects(child("parse", "--json", ".").out)
    assert found["feed"]["title"] == "Example & Sons"


def test_control_characters_of_a_feed_do_not_reach_the_terminal(child):
    done = child("parse", stdin=FEED.replace("Shells", "Sh&#x9b;31m&#x85;ells"))
    assert done.out.isascii() or "\x9b" not in done.out
    assert "\x1b" not in done.out


def test_a_reader_that_goes_away_ends_the_filter_quietly(feed):
    program = f"{sys.executable} -c 'from watcher.cli.main import main; main()' parse --json " + " ".join([str(feed)] * 300) + " | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout)["format"] == "rss20"
    assert done.stderr == ""


def articles(*lines):
    return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"


WIRE = (
    "Tokyo will let Japanese firms make artillery shells for the United States, two officials said on Sunday after talks in Washington. "
    * 3
)


def test_cluster_puts_a_copy_into_the_story_of_its_original(child):
    given = articles(
        {
            "id": 7,
            "title": "Shells",
            "text": WIRE + "Nothing else was said about it that evening in the capital.",
            "url": "https://a.example/1",
        },
        {
            "id": "other",
            "title": "Weather",
            "text": "It rained in the mountains and the rivers rose a little.",
            "url": "https://b.example/1",
        },
        {
            "id": "copy",
            "title": "Japan to make shells",
            "text": WIRE + "Nothing else was said about it that evening in the capital.",
            "url": "https://c.example/9",
        },
    )
    assert objects(child("cluster", stdin=given).out) == [
        {"id": 7, "story": 7, "duplicate_of": None},
        {"id": "other", "story": "other", "duplicate_of": None},
        {"id": "copy", "story": 7, "duplicate_of": 7},
    ]


def test_a_bad_line_gives_its_number_and_the_others_go_on(child):
    given = articles(
        {"id": 1, "title": "A"}, "nonsense", "", "[1]", '{"id": 2, "title": 5}', {"id": 3, "published": "soon"}, {"id": 4, "title": "B"}
    )
    found = objects(child("cluster", stdin=given).out)
    assert [(line.get("id"), line.get("line")) for line in found] == [(1, None), (None, 2), (None, 4), (None, 5), (None, 6), (4, None)]
    assert "published" in found[4]["error"]
