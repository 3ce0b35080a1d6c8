"""``tests/data/config/bad.<what>.toml``: one kind of mistake a file, and beside each, in ``bad.<what>.txt``, what is said about it.

A line that ends in ``…`` is only the beginning: what follows is said by another package. To see what a change does to the messages,
run with ``WATCHER_REWRITE=1`` and read the diff.
"""

import os
import re
from pathlib import Path

import pytest

from watcher import config

DATA = Path(__file__).parent.parent / "data" / "config"
BAD = sorted(DATA.glob("bad.*.toml"))


@pytest.mark.parametrize("file", BAD, ids=[file.name for file in BAD])
def test_each_mistake_is_named_with_its_place_and_the_way_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)  # messages name files as the user wrote them
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(config.ConfigErrors) as caught:
        config.load(Path(file.name))
    said = re.sub(re.escape(str(DATA)), "…", str(caught.value)) + "\n"
    expected = file.with_suffix(".txt")
    beginnings = [
        line[:-1] for line in (expected.read_text(encoding="utf-8").splitlines() if expected.exists() else ()) if line.endswith("…")
    ]
    said = "".join(next((f"{begin}…" for begin in beginnings if line.startswith(begin)), line) + "\n" for line in said.splitlines())
    if os.environ.get("WATCHER_REWRITE"):
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")
    assert all(problem.file == file.name for problem in caught.value.problems)
    assert all(len(line) < 500 for line in said.splitlines())


def test_no_expectation_is_left_without_its_file() -> None:
    assert [file.name for file in sorted(DATA.glob("bad.*.txt"))] == [file.with_suffix(".txt").name for file in BAD]
