"""Every key of a TOML text is found at its line, however the text is laid out."""

from __future__ import annotations

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.config import locate

KEY = st.sampled_from(["a", "b", "name", "x-y", "1", "_", "ключ", "a.b", "", 'q"uote', "#", "=", "[x]", "'", "tab\t"])
STRINGS = st.sampled_from(
    [
        '"plain"',
        "'literal'",
        '"""a\nb"""',
        "'''\n[x]\ny = 1\n'''",
        '""',
        "''",
        '""""""',
        '"""a"""""',
        "'''a'''''",
        r'"\" # ]"',
        '"""\\""" = \n"""',
        '"a[b"',
    ]
)
SCALARS = st.one_of(STRINGS, st.sampled_from(["1", "-1.5e3", "true", "2024-01-01T00:00:00.5+01:00", "2024-01-01", "inf", "0x1F", "1_000"]))
GAP = st.sampled_from(["", "\n", " # ] , } = [\n", "\n\n", "\t"])


class Writer:
    """Writes TOML and notes where each key went: what the scanner is judged by."""

    def __init__(self) -> None:
        self.text = ""
        self.at: dict[tuple[str | int, ...], int] = {}

    def put(self, text: str) -> None:
        self.text += text

    def note(self, path: tuple[str | int, ...]) -> None:
        self.at[path] = self.text.count("\n") + 1


def quoted(key: str, style: int) -> str:
    if style == 0 and key and all(character.isascii() and (character.isalnum() or character in "-_") for character in key):
        return key
    if style == 1 and "'" not in key and "\t" not in key:
        return f"'{key}'"
    escaped = "".join(f"\\u{ord(character):04x}" if character in '"\\\t' else character for character in key)
    return f'"{escaped}"'


def value(draw: st.DrawFn, out: Writer, path: tuple[str | int, ...], depth: int) -> None:
    kind = draw(st.sampled_from(["scalar", "array", "inline"])) if depth else "scalar"
    if kind == "scalar":
        out.put(draw(SCALARS))
    elif kind == "array":
        out.put("[")
        for index in range(draw(st.integers(0, 3))):
            out.put(draw(GAP))
            out.note((*path, index))
            value(draw, out, (*path, index), depth - 1)
            out.put(draw(GAP) + ",")
        out.put(draw(GAP) + "]")
    else:
        out.put("{ ")
        for number, key in enumerate(draw(st.lists(KEY, unique=True, max_size=3))):
            out.put(", " if number else "")
            pair(draw, out, path, key, depth - 1)
        out.put(" }")


def pair(draw: st.DrawFn, out: Writer, path: tuple[str | int, ...], key: str, depth: int) -> None:
    parts = [key, *draw(st.lists(KEY, max_size=2))]
    spelled = [quoted(part, draw(st.integers(0, 2))) for part in parts]
    for end in range(1, len(parts) + 1):
        out.note((*path, *parts[:end]))
    out.put(draw(st.sampled_from([".", " . "])).join(spelled) + draw(st.sampled_from(["=", " = ", "\t=  "])))
    value(draw, out, (*path, *parts), depth)


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    out = Writer()
    for key in draw(st.lists(KEY, unique=True, max_size=3)):
        out.put(draw(st.sampled_from(["", "\n", "# x = 1\n", "  "])))
        pair(draw, out, (), f"{key}top", 2)
        out.put(draw(st.sampled_from(["\n", " # [y]\n", "\r\n"])))
    for name in draw(st.lists(st.sampled_from(["t", "u", "v"]), unique=True)):
        count = draw(st.integers(0, 3))
        for index in range(max(count, 1)):
            path: tuple[str | int, ...] = (name, index) if count else (name,)
            spelled = quoted(name, draw(st.integers(0, 2)))
            if (name,) not in out.at:
                out.note((name,))
            out.note(path)
            out.put(f"[[ {spelled} ]]\n" if count else f"[{spelled}] # = \n")
            for key in draw(st.lists(KEY, unique=True, max_size=3)):
                pair(draw, out, path, key, 2)
                out.put("\n\n")
            if draw(st.booleans()):
                out.note((*path, "sub"))
                out.note((*path, "sub", "deep er"))
                out.put(f'[{spelled}.sub."deep er"]\n')
                pair(draw, out, (*path, "sub", "deep er"), "k", 1)
                out.put("\n")
    return out


@settings(max_examples=100)
@given(documents())
def test_every_key_table_and_item_is_found_at_its_line(written: Writer) -> None:
    tomli.loads(written.text)  # the writer writes TOML
    found = locate.Lines(written.text)
    assert {path: found.of(path) for path in written.at} == written.at


def test_the_nearest_holder_stands_in_for_what_is_not_there() -> None:
    found = locate.Lines("[a]\nb = [\n 1, 2,\n 3]\n")
    assert found.of(("a", "missing")) == 1
    assert found.of(("a", "b", 1)) == 3
    assert found.of(("a", "b", 2)) == 4
    assert found.of(("z",)) is None
    assert found.of(()) is None


def test_nesting_as_deep_as_the_parser_allows_does_not_exhaust_the_stack() -> None:
    deep = "[" * 300 + "\n1" + "]" * 300
    tomli.loads(f"x = {deep}")
    assert locate.Lines(f"x = {deep}\ny = 1").of(("y",)) == 3


def test_a_long_text_is_scanned_once_and_in_linear_time() -> None:
    """100,000 terms are no more than 100,000 tokens: a quadratic scanner would not come back."""
    text = "terms.x = [\n" + "".join(f'  "term {number}",\n' for number in range(100_000)) + "]\n" + 'y = """' + '\\"a"' * 100_000 + '"""\n'
    found = locate.Lines(text)
    assert found.of(("terms", "x", 99_999)) == 100_001
    assert found.of(("y",)) == 100_003


@settings(max_examples=50)
@given(st.text(alphabet="ab=.[]{}\"'\\\n#, 1", max_size=30))
def test_any_text_is_scanned_without_an_error(text: str) -> None:
    """Also what is no TOML: the parser has already said what is wrong with it, or will."""
    try:
        tomli.loads(text)
    except (tomli.TOMLDecodeError, ValueError):
        return
    locate.Lines(text)


def test_a_number_that_python_refuses_is_found_outside_of_strings() -> None:
    digits = "9" * 5_000
    assert locate.longest_number(f'a = "{digits}"\n# {digits}\nb = {digits}\n') == 3
    assert locate.longest_number("a = 1\n") is None
