"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import watcher

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "watcher").rglob("*.py"))
PURE = ("model", "text", "rules", "stories", "alerts")
VAGUE = {"utils", "util", "helpers", "common", "misc", "manager", "handler", "base_utils"}


def test_the_walls_between_the_packages_hold():
    """import-linter's contracts of pyproject.toml."""
    program = Path(sys.executable).parent / "lint-imports"
    if not program.exists():
        pytest.skip("import-linter is not installed (make lint installs it)")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_read_no_clock(package):
    """What import-linter cannot see: `datetime.now()` needs no import of time."""
    clocks = re.compile(r"\.(now|utcnow|today|fromtimestamp)\(\)|\.now\(")
    found = [
        f"{path.relative_to(ROOT)}:{n}"
        for path in (ROOT / "watcher" / package).rglob("*.py")
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if clocks.search(line)
    ]
    assert not found


def test_no_file_is_longer_than_400_lines():
    long = {str(path.relative_to(ROOT)): count for path in SOURCES if (count := len(path.read_text().splitlines())) > 400}
    assert not long


def test_no_function_is_longer_than_70_lines():
    """But for migrations, which are schemas written down."""
    functions = [
        (path, node)
        for path in SOURCES
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not [f"{path.relative_to(ROOT)}:{node.lineno}" for path, node in functions if (node.end_lineno or 0) - node.lineno >= 70]


def test_names_say_what_is_inside():
    assert not [str(path.relative_to(ROOT)) for path in SOURCES if path.stem in VAGUE]


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "__init__.py" and "migrations" not in p.parts], ids=lambda p: p.parent.name
)
def test_every_package_says_what_it_is_for(path):
    assert len((ast.get_docstring(ast.parse(path.read_text())) or "").split()) >= 8


def test_nothing_is_left_for_later():
    """No TODO, FIXME or NotImplementedError in the program."""
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert not [str(path.relative_to(ROOT)) for path in SOURCES if words.search(path.read_text())]


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert watcher.__version__ == project["version"]
