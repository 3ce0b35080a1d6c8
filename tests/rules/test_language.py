"""The language clause by clause, as DESIGN.md writes it and as she who uses it would expect. tests/cli/test_match.py sends the same through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from watcher import config
from watcher.cli import articles
from watcher.model import MatchInput

COMMON = """
[terms]
mun = ["ammunition", "artillery shell*", "155 mm"]

[entities.kishida]
aliases = ["Kishida", "岸田", "Кісіда", "Кисида"]
inflect = true

[entities.patriot]
aliases  = ["Patriot", "MIM-104"]
requires = ["missile*", "battery"]
rejects  = ["NFL", "New England"]

[entities.near]
aliases  = ["Patriot"]
requires = ["missile*"]
rejects  = ["NFL"]
within   = 3

[entities.jordan]
aliases  = ["Jordan"]
requires = ["Amman", "king"]
rejects  = ["Michael"]
within   = "sentence"

[entities.us]
aliases = [{ text = "US", case = true }]

[[rules]]
name  = "other"
query = "Japan NOT opinion"
"""

# A query (or a rule's keys), a text (or an article's keys), and the texts of the evidence; None: it does not match.
Case = tuple[str | dict[str, Any], str | dict[str, Any], list[str] | None]
CASES: list[Case] = [
    # proximity, groups, fields, NOT at any depth, references, entities
    ("(Kishida OR Biden) NEAR/3 shells", "Biden and his shells", ["Biden", "shells"]),
    ("(Kishida Biden) NEAR/3 shells", "Biden and shells", None),
    ("(Kishida Biden) NEAR/3 shells", "Biden Kishida shells", ["Biden", "Kishida", "shells"]),
    ("Patriot NEAR/1 missile", "Patriot missile", ["Patriot", "missile"]),
    ("Patriot NEAR/1 missile", "missile Patriot", ["missile", "Patriot"]),
    ("Patriot ONEAR/1 missile", "missile Patriot", None),
    ("Patriot NEAR/1 missile", "Patriot big missile", None),
    ("Patriot NEAR/2 missile", "Patriot big missile", ["Patriot", "missile"]),
    ("Patriot NEAR/5 missile", {"text": "missile", "title": "Patriot"}, None),
    ("title:(Patriot OR HIMARS)", {"text": "x", "title": "HIMARS here"}, ["HIMARS"]),
    ("title:(Patriot OR HIMARS)", {"text": "HIMARS", "title": "x here"}, None),
    ("title:(Patriot NEAR/2 HIMARS)", {"text": "Patriot HIMARS", "title": "x here"}, None),
    ("title:(Patriot NOT HIMARS)", {"text": "HIMARS", "title": "Patriot"}, ["Patriot"]),
    ("title:Patriot NEAR/5 missile", {"text": "missile", "title": "Patriot"}, None),
    ("title:Patriot NEAR/5 missile", {"text": "", "title": "Patriot missile"}, ["Patriot", "missile"]),
    ('lead:"air defence"', "First air defence\nx", ["air defence"]),
    ('lead:"air defence"', "First\nair defence", None),
    ("body:x", "x", ["x"]),
    ("(a OR (b AND NOT (c OR d)))", "b c", None),
    ("(a OR (b AND NOT (c OR d)))", "b", ["b"]),
    ("NOT NOT a", "a", ["a"]),
    ("NOT (NOT a)", "a", ["a"]),
    ("ATLEAST/3 (a OR b)", "a b a", ["a", "b", "a"]),
    ("ATLEAST/3 (a OR b)", {"text": "b a", "title": "a"}, ["a", "b", "a"]),
    ("ATLEAST/2 a", "a", None),
    ("ATLEAST/2 title:a", "a a a", None),
    ("title:ATLEAST/2 (a)", {"text": "", "title": "a a"}, ["a", "a"]),
    ("case:US", "us US Us", ["US"]),
    ("case:(US OR UN)", "us UN", ["UN"]),
    ('case:"New York"', "new york New York", ["New York"]),
    ("title:case:US", {"text": "US", "title": "us"}, None),
    ("case:title:US", {"text": "us", "title": "US"}, ["US"]),
    ("title:/F-\\d+/", {"text": "", "title": "the F‑16"}, ["F‑16"]),
    ("title:/F-\\d+/", {"text": "F-16", "title": "the"}, None),
    ("case:/US[A-Z]*/", "usa USA", ["USA"]),
    ('url:"/sport/"', {"text": "x", "url": "https://x.org/sport/1"}, ["/sport/"]),
    ('NOT url:"/sport/" x', {"text": "x", "url": "https://x.org/sport/1"}, None),
    ("url:/\\/sport\\//", {"text": "x", "url": "https://x.org/sport/1"}, ["/sport/"]),
    ('author:"John Smith"', {"text": "x", "author": "By John Smith"}, ["John Smith"]),
    ("tag:ukraine x", {"text": "x", "tags": ["Ukraine"]}, ["x", "Ukraine"]),
    ("tag:ukr x", {"text": "x", "tags": ["Ukraine"]}, None),
    ('feed:"BBC News"', {"text": "x", "feed": "BBC News"}, ["BBC News"]),
    ("feed:(BBC OR CNN)", {"text": "x", "feed": "CNN"}, ["CNN"]),
    ("lang:en", {"text": "x", "lang": "en-GB"}, ["en-GB"]),
    ("%other shells", "Japan shells", ["Japan", "shells"]),
    ("%other NEAR/2 shells", "Japan shells", ["Japan", "shells"]),
    ("NOT %other shells", "Japan shells", None),
    ("$mun", "155mm and artillery  shells", ["155mm", "artillery  shells"]),
    ("title:$mun", {"text": "155mm", "title": "ammunition"}, ["ammunition"]),
    ("case:$mun", "Ammunition ammunition", ["ammunition"]),
    ("@kishida NEAR/3 $mun", "岸田、155 mm", ["岸田", "155 mm"]),
    ("@kishida", "з Кісідою", ["Кісідою"]),
    ("@patriot", "Patriot missiles", ["Patriot"]),
    ("@patriot", "Patriot missiles NFL", None),
    ("@jordan", "The king of Jordan. Michael.", ["Jordan"]),
    ("@jordan", "The king. Jordan.", None),
    ("@near", "Patriot a b missile. NFL", ["Patriot"]),
    ("@near", "Patriot a b c missile", None),
    ("title:@patriot", {"text": "missile", "title": "Patriot"}, ["Patriot"]),
    ("case:@us", "US", ["US"]),
    # scores
    ({"score": {"Patriot": 5, "football": -10}, "threshold": 5}, "Patriot", ["Patriot"]),
    ({"score": {"Patriot": 5, "football": -10}, "threshold": 5}, "Patriot football", None),
    ({"score": {"Patriot": 5, "@kishida": 5}, "threshold": 8}, "Patriot Kishida", ["Patriot", "Kishida"]),
    ({"score": {"$mun": 5, "%other": 5}, "threshold": 8}, "155mm Japan", ["155mm", "Japan"]),
    # folding, offsets of the original
    ("F-16", "F-16 F16 F‑16 F–16 Ｆ１６ f16s", ["F-16", "F16", "F‑16", "F–16", "Ｆ１６"]),
    ("F16", "F-16 F16 F‑16 F–16 Ｆ１６ f16s", ["F-16", "F16", "F‑16", "F–16", "Ｆ１６"]),
    ("F‑16", "F-16 F16 F‑16 F–16 Ｆ１６ f16s", ["F-16", "F16", "F‑16", "F–16", "Ｆ１６"]),
    ("F16", "F 16", None),
    ("F-16", "F 16", None),
    ('"155 mm"', "155 mm 155mm 155-mm 155‑mm 155\xa0mm", ["155 mm", "155mm", "155-mm", "155‑mm", "155\xa0mm"]),
    ('"155 мм"', "155-мм 155мм 155 мм", ["155-мм", "155мм", "155 мм"]),
    ('"155 mm"', "155-мм", None),
    ("155mm", "155mm 155-mm", ["155mm", "155-mm"]),
    ("A-10", "a 10 A-10 A10", ["A-10", "A10"]),
    ("155", "155mm 155-mm 155", ["155", "155"]),
    ("Patriot", "Patriot's Patriot’s PATRIOTS “Patriot” l'Patriot", ["Patriot", "Patriot", "Patriot", "Patriot"]),
    ("Ukraine", "l'Ukraine l’Ukraine", ["Ukraine", "Ukraine"]),
    ("Patriot's", "the Patriot’s x", ["Patriot’s"]),
    ("O'Neill", "O’Neill", ["O’Neill"]),
    ("cafe", "café", None),
    ({"query": "cafe", "accents": "ignore"}, "café café CAFÉ", ["café", "café", "CAFÉ"]),
    ("café", "café CAFÉ", ["café", "CAFÉ"]),
    ("й", "и", None),
    ("Київ", "Киïв КИЇВ Киїів", ["КИЇВ"]),
    ("Київ", "Київ", ["Київ"]),
    ("strasse", "Straße STRASSE", ["Straße", "STRASSE"]),
    ("Straße", "STRASSE", ["STRASSE"]),
    ("istanbul", "İstanbul", None),
    ("İstanbul", "İSTANBUL İstanbul", ["İSTANBUL", "İstanbul"]),
    ({"query": "Istanbul", "accents": "ignore"}, "İstanbul", ["İstanbul"]),
    ("office", "oﬃce", ["oﬃce"]),
    ("fi*", "ﬁne ﬁ", ["ﬁne", "ﬁ"]),
    ("Patriot", "Ｐａｔｒｉｏｔ Pat\xadriot Pa\u200btriot", ["Ｐａｔｒｉｏｔ", "Pat\xadriot", "Pa\u200btriot"]),
    (
        '"air defence"',
        "air\ndefence air-defence air  defence air- defence air-\ndefence",
        ["air\ndefence", "air-defence", "air  defence", "air- defence", "air-\ndefence"],
    ),
    ("air-defence", "air defence air-defence", ["air-defence"]),
    # scripts
    ("岸田", "日本の岸田首相は", ["岸田"]),
    ("Patriot", "日本のPatriotミサイル", ["Patriot"]),
    ("AI", "生成AIと training", ["AI"]),
    ("AI", "AIи", None),
    ("防空", "加强防空能力", ["防空"]),
    ("กรุงเทพ", "ในกรุงเทพมหานคร", ["กรุงเทพ"]),
    ("한국", "한국이 한국에서 한국어 남한국", ["한국", "한국"]),
    ("東京 NEAR/3 大阪", "東京と大阪", ["東京", "大阪"]),
    ("東京 NEAR/1 大阪", "東京と大阪", None),
    ("パトリオット", "日本のﾊﾟﾄﾘｵｯﾄミサイル", ["ﾊﾟﾄﾘｵｯﾄ"]),
    ("ハ", "バ", None),
    ("M1", "M1戦車 M1A", ["M1"]),
    ("155ミリ", "155ミリ砲弾", ["155ミリ"]),
    ("ミサイル*", "ミサイル防衛", ["ミサイル"]),
    ("NATO*", "NATO加盟", ["NATO"]),
    ("中?人", "中国人", ["中国人"]),
    # wildcards, literals, regular expressions
    ("ammun*", "ammunition ammun ammo", ["ammunition", "ammun"]),
    ("defen?e", "defense defence defene", ["defense", "defence"]),
    ('"artillery shell*"', "artillery shells", ["artillery shells"]),
    ('"F-1?"', "F-15 F16 F-117", ["F-15", "F16"]),
    ("*ition", "ammunition", ["ammunition"]),
    ("ви?оди", "виходи", ["виходи"]),
    ("C++", "C++ and C", ["C++"]),
    ("C#", "C# and C", ["C#"]),
    (".NET", ".NET net", [".NET"]),
    ("AT&T", "AT&T", ["AT&T"]),
    ("G7", "G7 G-7 g7's", ["G7", "G-7", "g7"]),
    ("U.S.", "the U.S. said", ["U.S."]),
    ("S-400", "С-400", None),
    ("С-400", "С-400 С400", ["С-400", "С400"]),
    ("2.5", "2.5 2,5", ["2.5"]),
    ("10,000", "10,000 and 10 000", ["10,000"]),
    ("COVID-19", "Covid-19 covid19 COVID 19", ["Covid-19", "covid19"]),
    ('"COVID 19"', "Covid-19 covid19 COVID 19", ["Covid-19", "covid19", "COVID 19"]),
    ("/\\bУкраїн\\w+/", "в Україні Україна", ["Україні", "Україна"]),
    ("/\\d{4}/", "２０２４ 1999", ["２０２４", "1999"]),
    ("/Kyiv|Kiev/", "KIEV Kyiv", ["KIEV", "Kyiv"]),
    ("/岸田.{0,5}首相/", "岸田文雄首相", ["岸田文雄首相"]),
    ("a OR b c", "b", None),
    ("a OR b c", "a", ["a"]),
    ('a "NOT"', "a not", ["a", "not"]),
    # what her keyboard makes of it
    ("（岸田 OR 石破）　防衛", "石破氏が防衛", ["石破", "防衛"]),
    ("「防衛費」", "防衛費を増額", ["防衛費"]),
    ("title：岸田", {"text": "x", "title": "岸田"}, ["岸田"]),
    ('"the “Patriot” system"', "the ‟Patriot‟ system", ["the ‟Patriot‟ system"]),
    ("„drone strike“", "a drone  strike", ["drone  strike"]),
    ("Київ", "у Ки\u0301єві: Ки\u0301їв", ["Ки\u0301їв"]),
    ({"query": "Королев", "accents": "ignore"}, "Королёв", ["Королёв"]),
    # negation
    ("Patriot NEAR/3 (NOT football)", "x", None),
    ("Patriot NEAR/3 (NOT football)", "Patriot", ["Patriot"]),
    ("Patriot NEAR/3 (NOT football)", "Patriot football", None),
    ("NOT (b OR NOT a)", "a", ["a"]),
    ("c NOT (b OR NOT (a OR d))", "c d", ["c", "d"]),
]


def written(cases: list[Case]) -> str:
    """The rules of all cases, named by number, as a file."""
    parts = [COMMON]
    for i, (rule, _, _) in enumerate(cases):
        keys = rule if isinstance(rule, dict) else {"query": rule}
        parts.append(f'[[rules]]\nname = "{i}"\n')
        for key, value in keys.items():
            shown = json.dumps(value, ensure_ascii=False)
            if isinstance(value, dict):
                shown = "{ " + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {v}" for k, v in value.items()) + " }"
            parts.append(f"{key} = {shown}\n")
    return "".join(parts)


def article_of(case: Case) -> dict[str, Any]:
    return case[1] if isinstance(case[1], dict) else {"text": case[1]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} | {case[1]}"[:60])
def test_a_clause_finds_this_and_its_evidence_is_cut_from_the_original(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(written([case]), encoding="utf-8")
    given = articles.read(article_of(case))
    values = {
        "title": given.title, "text": given.text, "url": given.url, "author": given.author, "feed": given.feed, "tags": given.tags,
    }  # fmt: skip
    matches = [match for match in config.load_rulebook([file]).match(MatchInput(language=given.lang, **values)) if match.rule == "0"]
    assert ([evidence.text for evidence in matches[0].evidence] if matches else None) == case[2]
