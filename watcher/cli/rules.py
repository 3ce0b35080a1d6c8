"""``watcher rules``: trying, reviewing and improving rules. Each command has a file of its own."""

from __future__ import annotations

import typer

from watcher.cli import dialects, hits, lint, suggest, trial

app = typer.Typer(no_args_is_help=True, help="Try rules, see what they did, and what could be better about them.")

app.command("list")(hits.list_)
app.command("test")(trial.try_)
app.command()(lint.lint)
app.command("import")(dialects.import_)
app.command()(suggest.suggest)
