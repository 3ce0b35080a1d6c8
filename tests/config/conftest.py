"""A folder with a configuration in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from watcher import config

Load = Callable[..., config.Config]


@pytest.fixture(autouse=True)
def _no_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "WATCHER_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file below the folder, folders included."""

    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def load(put: Callable[[str, str | bytes], Path]) -> Load:
    """Load a configuration given as text."""

    def loaded(text: str | bytes = "", **options: Path) -> config.Config:
        return config.load(put("watcher.toml", text), **options)

    return loaded


@pytest.fixture
def refused(load: Load) -> Callable[..., str]:
    """What is said about a configuration that cannot be used."""

    def said(text: str | bytes = "", **options: Path) -> str:
        with pytest.raises(config.ConfigErrors) as caught:
            load(text, **options)
        return str(caught.value)

    return said
