"""match by the contract of DESIGN section 4."""

import json

import pytest

from tests.rules import test_language as language

RULES = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot", "パトリオット"]
requires = ["missile*", "battery"]

[terms]
munitions = ["ammunition", "artillery shell*"]

[[rules]]
name = "shells"
query = '$munitions AND Tokyo'

[[rules]]
name = "patriot"
query = '@patriot'

[[rules]]
name = "english"
any = ["Tokyo"]
languages = ["en"]
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def lines(*articles):
    return "".join((article if isinstance(article, str) else json.dumps(article, ensure_ascii=False)) + "\n" for article in articles)


def objects(done):
    return [json.loads(line) for line in done.out.splitlines()]


def test_it_writes_what_the_contract_says(child, rules):
    text = "Tokyo will make artillery shells."
    done = child(
        "match",
        "--rules",
        rules,
        stdin=lines({"id": "a", "title": "News", "text": text, "url": "https://x.example/1", "lang": "uk", "feed": "X"}),
    )
    assert done.code == 0, done.err
    (found,) = objects(done)
    assert set(found) == {"id", "matches"}
    (match,) = found["matches"]
    assert (found["id"], match["rule"]) == ("a", "shells")
    for evidence in match["evidence"]:
        assert set(evidence) == {"field", "start", "end", "text", "term"}
        assert evidence["field"] == "body"
        assert text[evidence["start"] : evidence["end"]] == evidence["text"]
    assert {e["text"] for e in match["evidence"]} == {"Tokyo", "artillery shells"}


def test_offsets_are_code_points_of_the_original(child, rules):
    title = "🚀 日本のパトリオット battery"
    (found,) = objects(child("match", "--rules", rules, stdin=lines({"id": 1, "title": title})))
    (evidence,) = [e for e in found["matches"][0]["evidence"] if e["text"] == "パトリオット"]
    assert (evidence["field"], title[evidence["start"] : evidence["end"]]) == ("title", "パトリオット")


def test_an_article_that_matches_nothing_has_its_line_too(child, rules):
    assert objects(child("match", "--rules", rules, stdin=lines({"id": 5, "title": "Patriots win"}))) == [{"id": 5, "matches": []}]


def test_an_id_goes_out_as_it_came_in(child, rules):
    given = [{"id": identity} for identity in ("a", 7, None, ["x"], "é\ud800")] + [{}]
    found = objects(child("match", "--rules", rules, stdin="".join(json.dumps(g) + "\n" for g in given)))
    assert [f["id"] for f in found] == [g.get("id") for g in given]


def test_a_language_that_is_not_given_is_detected_where_a_rule_asks_for_it(child, rules):
    text = "The government of Japan announced in Tokyo on Sunday that the two countries would meet again next month for more talks."
    found = objects(child("match", "--rules", rules, stdin=lines({"id": 1, "text": text}, {"id": 2, "text": text, "lang": "de"})))
    assert [[m["rule"] for m in f["matches"]] for f in found] == [["english"], []]


def test_a_bad_line_gives_its_number_and_the_others_go_on(child, rules):
    done = child("match", "--rules", rules, stdin=lines({"id": 1}, "nonsense", "", "7", {"id": 2, "text": 5}, {"id": 3}))
    assert done.code == 0
    assert [(f.get("id"), f.get("line")) for f in objects(done)] == [(1, None), (None, 2), (None, 4), (None, 5), (3, None)]


def test_it_is_a_failure_when_nothing_could_be_read(child, rules):
    done = child("match", "--rules", rules, stdin=lines("nonsense", "7"))
    assert (done.code, [f["line"] for f in objects(done)]) == (1, [1, 2])


def test_files_and_folders_are_read_as_well_as_standard_input(child, rules, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text(lines({"id": 1}))
    (tmp_path / "in" / "b.jsonl").write_text('{"id": 2}')  # no newline at its end
    found = objects(child("match", "--rules", rules, "in", "none.jsonl", "-", stdin=lines({"id": 3})))
    assert [f.get("id") for f in found] == [1, 2, None, 3]
    assert found[2]["file"] == "none.jsonl"


def test_many_articles_keep_their_order(child, rules):
    given = [{"id": n, "title": "Tokyo", "text": "ammunition " + "x" * (n % 7 * 3000)} for n in range(400)]
    found = objects(child("match", "--rules", rules, stdin=lines(*given)))
    assert [f["id"] for f in found] == list(range(400))
    assert all("shells" in {m["rule"] for m in f["matches"]} for f in found)


def test_several_files_of_rules_are_one_set(child, rules, tmp_path):
    (tmp_path / "more.toml").write_text('[[rules]]\nname = "more"\nquery = "@patriot AND $munitions"\n')
    given = lines({"id": 1, "text": "A Patriot battery and its ammunition."})
    (found,) = objects(child("match", "--rules", rules, "--rules", tmp_path / "more.toml", stdin=given))
    assert [m["rule"] for m in found["matches"]] == ["patriot", "more"]


def test_rules_with_an_error_are_78_with_file_and_line(child, tmp_path):
    (tmp_path / "bad.toml").write_text('[[rules]]\nname = "a"\nquery = "(open"\n')
    done = child("match", "--rules", "bad.toml", stdin=lines({"id": 1}))
    assert (done.code, done.out) == (78, "")
    assert "bad.toml:3" in done.err


def test_without_rules_the_configurations_are_used(child, tmp_path):
    (tmp_path / "watcher.toml").write_text('[watcher]\ninclude = []\n[[rules]]\nname = "a"\nany = ["Tokyo"]\n')
    (found,) = objects(child("-c", "watcher.toml", "match", stdin=lines({"id": 1, "title": "Tokyo"})))
    assert [m["rule"] for m in found["matches"]] == ["a"]


def test_without_rules_and_without_a_configuration_it_is_78(child):
    assert child("match", stdin=lines({"id": 1})).code == 78


def test_the_command_line_says_the_same_of_all_cases_in_one_rulebook(child, tmp_path):
    """Many rules in one automaton, articles through JSON and worker processes; offsets are code points of the field's own text."""
    file = tmp_path / "rules.toml"
    file.write_text(language.written(language.CASES), encoding="utf-8")
    lines = "".join(json.dumps({"id": i, **language.article_of(case)}) + "\n" for i, case in enumerate(language.CASES))
    done = child("match", "--rules", file, stdin=lines)
    assert done.code == 0, done.err
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [result["id"] for result in results] == list(range(len(language.CASES)))
    for result, case in zip(results, language.CASES, strict=True):
        evidence = next((match["evidence"] for match in result["matches"] if match["rule"] == str(result["id"])), None)
        assert (evidence and [item["text"] for item in evidence]) == case[2], case
        for item in evidence or ():
            key = {"body": "text", "tag": "", "feed": "", "lang": ""}.get(item["field"], item["field"])
            if key:
                assert language.article_of(case)[key][item["start"] : item["end"]] == item["text"]
