"""The demo's own configuration: files of the package, copied to a directory with the room's addresses filled in."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from watcher.newsroom.room import Newsroom

_WEB_PORT = ":18080/"
_SMTP_PORT = "= 18025"
SLACK = "defence"
"""The name of the demo's Slack channel, in the configuration and in the room."""


def write(directory: Path, room: Newsroom) -> Path:
    """Write ``watcher.toml`` and what it includes below ``directory``; returns the file's path."""
    _copy(resources.files("watcher.newsroom") / "config", directory, room)
    secret = directory / "slack-url"
    secret.touch(mode=0o600)
    secret.write_text(room.slack(SLACK), encoding="utf-8")
    return directory / "watcher.toml"


def _copy(source: Traversable, target: Path, room: Newsroom) -> None:
    for item in source.iterdir():
        if item.is_dir():
            (target / item.name).mkdir()
            _copy(item, target / item.name, room)
        elif item.name.endswith(".toml"):
            text = item.read_text(encoding="utf-8").replace(_WEB_PORT, f":{room.port}/").replace(_SMTP_PORT, f"= {room.smtp_port}")
            (target / item.name).write_text(text, encoding="utf-8")
