"""The command line as a whole: exit codes, errors without tracebacks, and what --help costs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from watcher.cli import boundary, main
from watcher.config import ConfigErrors
from watcher.errors import ConfigError, StoreLocked, WatcherError

HEAVY = (
    "pydantic",
    "sqlalchemy",
    "aiohttp",
    "lxml",
    "numpy",
    "feedparser",
    "trafilatura",
    "jinja2",
    "re2",
    "apscheduler",
    "fastapi",
    "uvloop",
)


def commands(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(typer.main.get_command(main.app)))


def test_help_loads_nothing_heavy():
    """Import time of `watcher --help`: typer, rich and nothing else of weight."""
    program = f"import sys, watcher.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_has_json(path, cli):
    done = cli(*path, "--help")
    assert done.code == 0
    if path != ("run",):  # the daemon logs
        assert "--json" in done.out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["feeds", "nonsense"], ["check", "--nonsense"], ["alerts", "list", "-n", "many"], ["silence", "add"]]
)
def test_a_wrong_command_line_is_2(arguments, cli, tmp_path):
    assert cli("-c", tmp_path / "none.toml", *arguments).code == 2


@pytest.mark.parametrize("command", ["check", "run", "status", "reload", "prune"])
def test_a_configuration_that_is_not_there_is_78_and_named(command, cli, tmp_path):
    done = cli("-c", tmp_path / "none.toml", command)
    assert done.code == 78
    assert f"{tmp_path / 'none.toml'}:" in done.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigErrors((ConfigError("no", file="a.toml", line=3, key="x"), ConfigError("nor this"))), 78, "a.toml:3: x: no\nnor this\n"),
        (ConfigError("no", file="a.toml", line=3), 78, "a.toml:3: no\n"),
        (StoreLocked("process 7 has it", 7), 75, "watcher: process 7 has it\n"),
        (WatcherError("no such thing"), 1, "watcher: no such thing\n"),
        (FileNotFoundError(2, "No such file or directory", "x.opml"), 1, "watcher: x.opml: No such file or directory\n"),
        (
            RuntimeError("of all\nthings"),
            1,
            "watcher: unexpected RuntimeError: of all things (WATCHER_DEBUG=1 shows where; please report it)\n",
        ),
    ],
)
def test_every_error_becomes_lines_and_a_code(error, code, said, capsys):
    assert boundary.report(error) == code
    assert capsys.readouterr().err == said


def test_a_long_path_is_never_wrapped(capsys):
    path = "/a/very/long/path" * 30
    boundary.report(ConfigErrors((ConfigError("no", file=path, line=1),)))
    assert capsys.readouterr().err == f"{path}:1: no\n"


def test_the_version_is_that_of_the_distribution(cli):
    from importlib.metadata import version

    assert cli("--version").out == f"watcher {version('watcher-alerts')}\n"


def test_no_help_has_brackets():
    """In help texts they are mark-up, and vanish."""
    sources = Path(main.__file__).parent.glob("*.py")
    assert [p.name for p in sources if re.search(r'help="[^"]*\[', p.read_text())] == []
