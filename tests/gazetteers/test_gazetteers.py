"""Lists of names from elsewhere: what is read of them, what is left out and why, and that the result is configuration."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher import config
from watcher.gazetteers import Collection, GazetteerError, Record, Skipped, Source, misp, names, tables, tomlfile
from watcher.model import Alias

GALAXY = {
    "type": "threat-actor",
    "values": [
        {
            "value": "APT28",
            "uuid": "5b4ee3ea-eee3-4c8e-8323-85ae32658754",
            "meta": {"synonyms": ["Fancy Bear", "Sofacy Group"], "country": "RU"},
        },
        {"value": "", "uuid": "x"},
        7,
        {"value": "Sandworm", "meta": {"synonyms": "ELECTRUM"}},
    ],
}
SANCTIONS = """id,schema,name,aliases,birth_date,countries
NK-1,Person,"Vladimir Vladimirovich PUTIN","PUTIN, Vladimir;Путин Владимир Владимирович",1952,ru
Q95,Company,"Rostec, JSC",Ростех;Rostec,,ru
,Vessel,,x,,
"""


def read(text: str, **options: bool) -> list[Record | Skipped]:
    return list(tables.read(text.splitlines(keepends=True), **options))


# --- formats ----------------------------------------------------------------------------------------------------------


def test_a_galaxy_gives_its_clusters_with_their_ids_and_synonyms() -> None:
    first, empty, number, last = misp.read(GALAXY)
    assert first == Record(
        line=1, id="5b4ee3ea-eee3-4c8e-8323-85ae32658754", name="APT28", kind="threat-actor", aliases=("Fancy Bear", "Sofacy Group")
    )
    assert (isinstance(empty, Skipped), isinstance(number, Skipped)) == (True, True)
    assert last == Record(line=4, id="", name="Sandworm", kind="threat-actor", aliases=("ELECTRUM",))


def test_an_instance_exports_galaxies_in_another_shape() -> None:
    exported = {
        "Galaxy": {"type": "t"},
        "GalaxyCluster": [{"value": "A b", "uuid": "u", "GalaxyElement": [{"key": "synonyms", "value": "C d"}]}],
    }
    assert list(misp.read(exported)) == [Record(line=1, id="u", name="A b", kind="t", aliases=("C d",))]


def test_opensanctions_gives_ids_kinds_and_names_in_the_order_of_running_text() -> None:
    person, company, nameless = read(SANCTIONS, opensanctions=True)
    assert person == Record(
        line=2,
        id="NK-1",
        name="Vladimir Vladimirovich PUTIN",
        kind="person",
        aliases=("Vladimir PUTIN", "Vladimir Putin", "Путин Владимир Владимирович", "Владимир Путин"),
    )
    assert company == Record(line=3, id="Q95", name="Rostec, JSC", kind="organisation", aliases=("Ростех", "Rostec"))
    assert nameless == Skipped(line=4, reason="no name")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("name\nAcme Router\n", [(2, "", "Acme Router", "", ())]),
        ("Name;Synonyms;ID\nAcme;Akme|アクメ;a1\n", [(2, "a1", "Acme", "", ("Akme", "アクメ"))]),
        ("kind\tname\taliases\nfirm\tAcme\tx1;y2\n", [(2, "", "Acme", "firm", ("x1", "y2"))]),
        ("Acme,Akme\nRaytheon,RTX,Рейтеон\n", [(1, "", "Acme", "", ("Akme",)), (2, "", "Raytheon", "", ("RTX", "Рейтеон"))]),
        ('name,aliases\n"Two\nlines",x\nThree,y\n', [(2, "", "Two\nlines", "", ("x",)), (4, "", "Three", "", ("y",))]),
        ("name\n\n  \nAcme\n", [(4, "", "Acme", "", ())]),
        ("", []),
    ],
)
def test_tables_with_and_without_header(text: str, records: list[tuple[int, str, str, str, tuple[str, ...]]]) -> None:
    assert [(r.line, r.id, r.name, r.kind, r.aliases) for r in read(text) if isinstance(r, Record)] == records


def test_a_row_that_is_none_is_skipped_with_its_line_and_the_others_go_on() -> None:
    rows = read('name,aliases\nA b,x\n"C"d,y\n\ufffd,z\nE f\n')
    assert [(row.line, type(row).__name__) for row in rows] == [(2, "Record"), (3, "Skipped"), (4, "Skipped"), (5, "Record")]


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("PUTIN, Vladimir", ("Vladimir Putin",)),
        ("Vladimir Vladimirovich Putin", ("Vladimir Vladimirovich Putin", "Vladimir Putin")),
        ("Шойгу Сергей Кужугетович", ("Шойгу Сергей Кужугетович", "Сергей Шойгу")),
        ("Kim Jong Un", ("Kim Jong Un",)),
        ("Smith, John, Jr.", ("Smith, John, Jr.",)),
    ],
)
def test_names_of_people_as_running_text_has_them(name: str, forms: tuple[str, ...]) -> None:
    assert tables.forms_of_person(name) == forms


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b'{"values": []}', "misp"),
        (SANCTIONS.encode(), "opensanctions"),
        (b"name,aliases\n", "csv"),
        (b"\xef\xbb\xbfid,schema,name,aliases\n", "opensanctions"),
    ],
)
def test_the_format_is_found_out_also_of_packed_files(content: bytes, form: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(gzip.compress(content))
    assert [Source(tmp_path / name).form for name in "ab"] == [form, form]
    assert list(Source(tmp_path / "a").records()) == list(Source(tmp_path / "b").records())


def test_utf_16_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("name,aliases\nŁódź Works,Ł. W.\n".encode("utf-16"))
    (record,) = Source(tmp_path / "a.csv").records()
    assert isinstance(record, Record)
    assert record.name == "Łódź Works"


@pytest.mark.parametrize(
    ("content", "form", "message"),
    [
        (b"{", "misp", "no JSON"),
        (b"[1]", "auto", "no MISP galaxy"),
        (b"a,b\n", "opensanctions", "no table of OpenSanctions"),
        (b"\x1f\x8b broken", "auto", ""),
        (b"[" * 100_000, "auto", ""),
    ],
)
def test_a_file_of_another_format_is_refused_by_name(content: bytes, form: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(GazetteerError, match="list: ") as caught:
        list(Source(tmp_path / "list", form).records())
    assert message in str(caught.value)


# --- aliases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("Raytheon", Alias(text="Raytheon")),
        ("岸田", Alias(text="岸田")),
        ("WHO", Alias(text="WHO", case=True)),
        ("Mali", Alias(text="Mali", case=True)),
        ("mali", Alias(text="Mali", case=True)),
        ("turkey", Alias(text="Turkey", case=True)),
        ("Fancy Bear", Alias(text="Fancy Bear", case=True)),
        ("Group 3", Alias(text="Group 3", case=True)),
        ("Polar Bear Research Institute", Alias(text="Polar Bear Research Institute")),
        ("T-72", Alias(text="T-72", case=True)),
        ("ab", None),
        ("usa", None),
        ("2023", None),
        ("林", None),
        ("x" * 201, None),
    ],
)
def test_what_is_hopeless_is_left_out_and_what_is_doubtful_minds_its_capitals(name: str, alias: Alias | None) -> None:
    judged, remark = names.judge(name)
    assert judged == alias
    assert bool(remark) is (alias is None or alias.case)


def test_wildcards_and_control_characters_of_names_are_taken_out() -> None:
    assert names.clean(" Who*\tis\u200b that?\x07 ") == "Who is that"


def test_ids_are_kept_and_made_such_that_a_rule_can_name_them() -> None:
    collection = Collection()
    records = [
        Record(line=1, id="Q 1/2", name="Acme Router"),
        Record(line=2, id="", name="Zażółć Works"),
        Record(line=3, id="", name="Zażółć Works"),
        Record(line=4, id="Q-1-2", name="Another Firm"),
        Record(line=5, id="q", name="??"),
    ]
    assert [entity.id for entity in collection.entities_of(records)] == ["Q-1-2", "Zażółć-Works", "Zażółć-Works-2"]
    assert [(skipped.line, "line 1" in skipped.reason) for skipped in collection.skipped] == [(4, True), (5, False)]
    assert [(remark.line, "line 2" in remark.message) for remark in collection.remarks] == [(3, True)]


# --- what comes out ---------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=60), max_size=30)), max_size=6))
def test_whatever_a_list_says_comes_out_as_configuration(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, list[str]]]
) -> None:
    collection = Collection()
    records = [Record(line=i, id=identity, name=name, aliases=tuple(aliases)) for i, (identity, name, aliases) in enumerate(rows)]
    entities = list(collection.entities_of(records))
    text = "".join(tomlfile.text_of(entity) for entity in entities)
    if entities:
        text += tomlfile.rule_of('any "of" them', collection.ids)
    assert list(tomli.loads(text).get("entities", {})) == [entity.id for entity in entities]
    path = tmp_path_factory.mktemp("imported") / "entities.toml"
    path.write_text(text, encoding="utf-8")
    book = config.load_rulebook([path])
    assert [e.aliases for e in config.load_rules([path])[1]] == [e.aliases for e in entities]
    assert len(book.rules) == bool(entities)
    assert len(collection.skipped) + len(entities) == len(rows)


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["auto", "csv", "opensanctions", "misp"]))
def test_any_bytes_are_records_skipped_rows_or_one_kind_of_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "list"
    path.write_bytes(content)
    with contextlib.suppress(GazetteerError):
        assert all(isinstance(record, Record | Skipped) for record in Source(path, form).records())


def test_galaxies_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(json.dumps(GALAXY))
    collection = Collection(by_name=True)
    assert [entity.id for entity in collection.entities_of(Source(tmp_path / "g.json").records())] == ["APT28", "Sandworm"]
