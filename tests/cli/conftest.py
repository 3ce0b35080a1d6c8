"""The command line, run in this process or as a child."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from watcher.cli import main


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capfd, monkeypatch):
    """Run a command line in this process: for commands that start no other processes."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        code = main.execute([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


@pytest.fixture
def child(tmp_path):
    """Run a command line as a child process, as a user does; no configuration is found unless it is named."""

    def run(*arguments, stdin="", cwd=tmp_path, **environ):
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")}
        done = subprocess.run(
            [sys.executable, "-c", "from watcher.cli.main import main; main()", *map(str, arguments)],
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            cwd=cwd,
            env={**kept, "HOME": str(tmp_path), "NO_COLOR": "1", "COLUMNS": "200", **environ},
            timeout=100,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
