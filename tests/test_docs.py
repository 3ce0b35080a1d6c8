"""The manual is true: every TOML block loads, every command line is one, every link leads somewhere."""

import re
import shlex
from pathlib import Path

import pytest
import tomli
import typer

from watcher import config
from watcher.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
MAIN_TABLES = {"watcher", "fetch", "web", "operators"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANNEL = '[channels.{}]\ntype = "webhook"\nurl = "https://example.org/hook"\n'


def blocks(language):
    found = []
    for page in PAGES:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 2
                found.append(pytest.param(match[2], id=f"{page.name}:{line}"))
    return found


def command_lines():
    """Each `watcher …` of the shell blocks, also behind a pipe or a path."""
    found = []
    for parameter in blocks("sh"):
        for number, line in enumerate(parameter.values[0].splitlines()):
            for part in re.split(r"\||&&|;", line.partition(" #")[0]):
                words = shlex.split(part, comments=True)
                if words and Path(words[0]).name == "watcher":
                    words = words[1 : next((n for n, word in enumerate(words) if word in ("<", ">")), None)]
                    page, first = parameter.id.split(":")
                    found.append(pytest.param(words, id=f"{page}:{int(first) + number}"))
    return found


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_toml_block_loads(text, tmp_path, monkeypatch):
    """A block stands for a whole configuration, or for a file that is included; channels that it only names are supplied."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    found = tomli.loads(text)
    named = {name for rule in found.get("rules", ()) for name in rule.get("channels", ())} | set(
        found.get("operators", {}).get("channels", ())
    )
    supplied = "\n".join(CHANNEL.format(name) for name in sorted(named - set(found.get("channels", {}))))
    path = tmp_path / "watcher.toml"
    if MAIN_TABLES & set(found):
        path.write_text(f"{text}\n{supplied}")
    else:
        (tmp_path / "block.toml").write_text(text)
        path.write_text(f'[watcher]\ninclude = ["block.toml"]\n{supplied}')
    config.load(path)


@pytest.mark.parametrize("words", command_lines())
def test_every_command_of_the_manual_is_one(words):
    """Names, options and numbers of arguments; nothing is run."""
    group = typer.main.get_command(main.app)
    with group.make_context("watcher", list(words), resilient_parsing=words[-1] == "--help") as ctx:
        rest = [*ctx._protected_args, *ctx.args]
        command, parent = group, ctx
        while hasattr(command, "commands") and rest:
            name, command, rest = command.resolve_command(parent, rest)
            if not hasattr(command, "commands"):
                command.make_context(name, rest, parent=parent)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", re.sub(BLOCK, "", page.read_text()))
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


def test_trying_it_takes_one_line():
    """The README's first shell block is `make demo`, and that of Test is `make test`."""
    text = (ROOT / "README.md").read_text()
    assert BLOCK.search(text)[2] == "make demo\n"
    assert BLOCK.search(text, text.index("\n## Test\n"))[2] == "make test\n"


def test_every_command_is_mentioned_in_the_manual():
    text = "".join(page.read_text() for page in PAGES)
    assert not [name for name in typer.main.get_command(main.app).commands if not re.search(rf"\b{name}\b", text)]
