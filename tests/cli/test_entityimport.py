"""entities import: from a list to a file that the daemon can use."""

import json

import pytest

GALAXY = {
    "type": "threat-actor",
    "values": [
        {"value": "APT28", "uuid": "5b4ee3ea-eee3-4c8e-8323-85ae32658754", "meta": {"synonyms": ["Fancy Bear", "Sofacy Group"]}},
        {"value": "Sandworm", "uuid": "f512de42-f76b-40d2-9923-59e7dbdfec35"},
        {"value": "?"},
    ],
}


@pytest.fixture
def galaxy(tmp_path):
    path = tmp_path / "threat-actor.json"
    path.write_text(json.dumps(GALAXY))
    return path


def test_a_galaxy_becomes_entities_that_find_what_is_meant(cli, galaxy, tmp_path):
    target = tmp_path / "actors.toml"
    done = cli("entities", "import", galaxy, "--ids", "name", "--rule", "actors", "-o", target)
    assert done.code == 0
    assert done.out == ""
    assert f"{galaxy}:3: skipped:" in done.err
    assert f'{galaxy}:1: "Fancy Bear": a common word' in done.err
    assert "2 entities with 4 aliases" in done.err
    assert cli("entities", "test", "Blame fell on Fancy Bear.", "--rules", target, "--entity", "APT28").code == 0
    assert cli("entities", "test", "A fancy bear danced.", "--rules", target).code == 1
    listed = [json.loads(line)["id"] for line in cli("entities", "list", "--rules", target, "--json").out.splitlines()]
    assert listed == ["APT28", "Sandworm"]


def test_ids_are_those_of_the_list(cli, galaxy):
    done = cli("entities", "import", galaxy)
    assert "[entities.5b4ee3ea-eee3-4c8e-8323-85ae32658754]" in done.out
    assert 'kind = "threat-actor"' in done.out


def test_the_rule_holds_for_each_of_them(child, galaxy, tmp_path):
    target = tmp_path / "actors.toml"
    assert child("entities", "import", galaxy, "--rule", "actors", "-o", target).code == 0
    found = json.loads(child("match", "--rules", target, stdin='{"id": 1, "text": "Sofacy Group is back."}\n').out)
    assert [match["rule"] for match in found["matches"]] == ["actors"]


def test_a_file_that_exists_is_not_overwritten_unless_that_is_asked_for(cli, galaxy, tmp_path):
    target = tmp_path / "mine.toml"
    target.write_text("mine")
    done = cli("entities", "import", galaxy, "-o", target)
    assert (done.code, target.read_text()) == (1, "mine")
    assert "--force" in done.err
    assert cli("entities", "import", galaxy, "-o", target, "--force").code == 0
    assert "Sandworm" in target.read_text()


def test_the_report_as_json_has_every_skipped_row_and_doubtful_alias(cli, tmp_path):
    table, target = tmp_path / "t.csv", tmp_path / "t.toml"
    table.write_text("id,name,aliases\n1,Acme Router,AR\n1,Other,\n2,,x\n")
    done = cli("entities", "import", table, "-o", target, "--kind", "product", "--json")
    report = json.loads(done.out)
    assert (report["format"], report["entities"], report["aliases"]) == ("csv", 1, 1)
    assert [(skipped["line"], skipped["reason"]) for skipped in report["skipped"]] == [
        (3, "the id 1 stands in line 2 already"),
        (4, "no name"),
    ]
    assert [(remark["line"], remark["alias"]) for remark in report["remarks"]] == [(2, "AR")]
    assert cli("entities", "import", table, "--json").code == 2


def test_only_some_kinds(cli, tmp_path):
    table = tmp_path / "targets.simple.csv"
    table.write_text('id,schema,name,aliases\nA,Person,Jane Example,\nB,Vessel,Sea Example,\n"C",Company,Example Works,\n')
    done = cli("entities", "import", table, "--only", "person", "--only", "vessel")
    assert (done.out.count("[entities."), "Example Works" in done.out) == (2, False)


@pytest.mark.parametrize(("content", "code"), [("{", 1), ("[]", 1), ("name\n", 1)])
def test_a_list_without_names_answers_no(cli, tmp_path, content, code):
    (tmp_path / "list").write_text(content)
    done = cli("entities", "import", tmp_path / "list", "-o", tmp_path / "out.toml")
    assert done.code == code
    assert "Traceback" not in done.err


def test_a_missing_file_is_an_error_and_leaves_nothing_behind(cli, tmp_path):
    done = cli("entities", "import", tmp_path / "none.csv", "-o", tmp_path / "out.toml")
    assert done.code == 1
    assert "none.csv" in done.err
    assert list(tmp_path.iterdir()) == []
