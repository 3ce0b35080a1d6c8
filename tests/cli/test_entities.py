"""entities list, show and test: what is known, and why an occurrence is a mention."""

import json

import pytest

ENTITIES = """
[entities.patriot]
name = "MIM-104 Patriot"
kind = "weapon"
aliases = ["Patriot", { text = "PAC", case = true }]
requires = ["missile*", "battery"]
rejects = ["NFL"]

[entities.jordan]
aliases = ["Jordan"]
requires = ["king"]
within = "sentence"
"""
TEXT = "🚀 A Patriot battery. The king spoke. Jordan listened."


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "entities.toml"
    path.write_text(ENTITIES)
    return path


def test_a_text_shows_every_occurrence_with_its_verdict_and_context(cli, rules):
    done = cli("entities", "test", TEXT, "--rules", rules, "--json")
    found = json.loads(done.out)
    assert (done.code, found["mentioned"]) == (0, True)
    patriot, jordan = found["entities"]
    (occurrence,) = patriot["occurrences"]
    assert TEXT[occurrence["start"] : occurrence["end"]] == occurrence["text"] == "Patriot"
    assert (occurrence["alias"], occurrence["mention"], occurrence["confidence"]) == ("Patriot", True, "high")
    assert [(term["term"], term["text"]) for term in occurrence["requires"]] == [("battery", "battery")]
    assert jordan["mentioned"] is False
    assert jordan["occurrences"][0]["reason"] == "none of the required terms in its sentence"


def test_for_people_it_says_the_same(cli, rules):
    done = cli("entities", "test", "A Patriot missile in the NFL", "--rules", rules)
    assert done.code == 1
    assert '✗ "Patriot" (body 2–9, alias Patriot): "NFL" rejects it: "NFL" (body 25–28)' in done.out
    assert "no alias of any entity found" in cli("entities", "test", "nothing", "--rules", rules).out


def test_one_entity_alone_is_shown_even_where_nothing_is_found(cli, rules):
    done = cli("entities", "test", "A Patriot battery", "--entity", "@jordan", "--rules", rules)
    assert (done.code, done.out) == (1, "@jordan: not mentioned\n  no alias found\n")


def test_the_text_may_stand_in_a_file_and_the_context_in_the_title(cli, rules, tmp_path):
    (tmp_path / "article.txt").write_text("A Patriot.")
    assert cli("entities", "test", tmp_path / "article.txt", "--rules", rules).code == 1
    assert cli("entities", "test", tmp_path / "article.txt", "--title", "Missiles", "--rules", rules).code == 0


def test_a_text_that_no_file_can_be_called_is_a_text(cli, rules):
    assert cli("entities", "test", "Patriot battery " * 500, "--rules", rules).code == 0


def test_the_list_and_one_of_it(cli, rules):
    listed = [json.loads(line) for line in cli("entities", "list", "--rules", rules, "--json").out.splitlines()]
    assert [(entity["id"], entity["kind"], entity["within"]) for entity in listed] == [
        ("patriot", "weapon", "article"),
        ("jordan", "", "sentence"),
    ]
    assert listed[0]["aliases"] == [{"text": "Patriot", "case": False}, {"text": "PAC", "case": True}]
    table = cli("entities", "list", "--kind", "Weapon", "--rules", rules).out
    assert "MIM-104 Patriot" in table
    assert "jordan" not in table
    shown = cli("entities", "show", "@patriot", "--rules", rules).out
    assert "PAC (minds the case)" in shown
    assert f"{rules}:2" in shown


def test_an_unknown_id_is_an_error_with_the_nearest(cli, rules):
    done = cli("entities", "show", "patriots", "--rules", rules)
    assert (done.code, done.err) == (1, "watcher: no entity has the ID 'patriots': did you mean 'patriot'?\n")


def test_broken_entities_are_bad_configuration(cli, rules):
    rules.write_text(ENTITIES + 'must_match = ["Jordan"]\n')
    done = cli("entities", "test", "x", "--rules", rules)
    assert done.code == 78
    assert f"{rules}:13" in done.err
    assert '"Jordan"' in done.err


def test_other_spellings_are_proposed_ready_to_paste(cli):
    done = cli("entities", "aliases", "Зеленський")
    assert done.code == 0
    assert 'aliases = ["Зеленський", "Zelenskyi", "Selenskyj", "Zełenski"]' in done.out
    assert "KMU 2010" in done.out
    found = json.loads(cli("entities", "aliases", "--from", "ja", "Kishida", "--json").out)
    assert [(form["language"], form["text"]) for form in found["aliases"]][:2] == [("ru", "Кисида"), ("uk", "Кісіда")]


def test_a_name_without_rules_and_a_language_without_tables(cli):
    assert cli("entities", "aliases", "Tusk").code == 1
    assert cli("entities", "aliases", "Tusk", "--from", "xx").code == 2
