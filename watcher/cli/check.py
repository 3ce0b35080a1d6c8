"""``watcher check``: is the configuration good?"""

from __future__ import annotations

import typer

from watcher.cli import boundary, output
from watcher.errors import ConfigError


def check(ctx: typer.Context, as_json: output.AsJson = False) -> None:
    """Load the whole configuration and run every must_match test; list every problem with its file and line.

    \b
    Examples:
      watcher check
      watcher -c /etc/watcher/watcher.toml check --json
    """
    from watcher import config

    path = None
    try:
        path = config.find(ctx.find_root().obj)
        loaded = config.load(path)
    except config.ConfigErrors as errors:
        if not as_json:
            raise
        output.emit({"ok": False, "file": str(path) if path else None, "problems": [_problem(p) for p in errors.problems], "warnings": []})
        raise typer.Exit(boundary.BAD_CONFIGURATION) from None
    counts = {"feeds": len(loaded.feeds), "rules": len(loaded.rules), "entities": len(loaded.entities), "channels": len(loaded.channels)}
    if as_json:
        output.emit({"ok": True, "file": str(path), "problems": [], "warnings": [_problem(w) for w in loaded.warnings], **counts})
        return
    for warning in loaded.warnings:
        output.warn(f"warning: {warning}")
    output.say(f"{path}: good: " + ", ".join(f"{count} {noun}" for noun, count in counts.items()))


def _problem(problem: ConfigError) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}
