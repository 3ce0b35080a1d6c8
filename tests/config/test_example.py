"""``config/``: the example that a newcomer edits loads as it is, shows every key, and shows each at its default."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest
import tomli

from watcher import config

EXAMPLE = Path(__file__).parent.parent.parent / "config"
FILES = sorted(file.relative_to(EXAMPLE) for file in EXAMPLE.rglob("*.toml"))


def uncommented(text: str) -> str:
    """Remove the # from every line that is a key or a table; remarks have a blank after it."""
    return re.sub(r"^#(?=[A-Za-z\[])", "", text, flags=re.MULTILINE)


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Config:
    """The example with every commented key in use."""
    for file in FILES:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(uncommented((EXAMPLE / file).read_text()))
    templates = tmp_path / "templates" / "desk"
    templates.mkdir(parents=True)
    (templates / "subject.j2").write_text("news")
    monkeypatch.setenv("APPRISE_URL", "ntfy://topic")
    return config.load(tmp_path / "watcher.toml")


def test_the_example_loads_as_it_is_and_only_misses_a_channel(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "config")
    loaded = config.load(tmp_path / "config" / "watcher.toml")
    assert len(loaded.feeds) >= 30
    assert len({feed.name for feed in loaded.feeds}) == len(loaded.feeds)
    assert {"uk", "ja", "pl", "de", "ru", "en"} <= {tag for feed in loaded.feeds for tag in feed.tags}
    assert all(rule.must_match and rule.must_not_match for rule in loaded.rules)
    assert all(entity.must_match and entity.must_not_match for entity in loaded.entities)
    (warning,) = loaded.warnings
    assert "there is no channel" in warning.message


def test_it_loads_with_every_commented_key_in_use(everything: config.Config) -> None:
    assert set(everything.channels) == {"desk", "defence", "newsroom", "siem", "phone"}
    assert everything.web is not None
    assert everything.operators is not None
    assert everything.routes
    unexpected = [str(warning) for warning in everything.warnings if "only inside the systemd unit" not in warning.message]
    assert unexpected == []


def test_keys_without_an_example_value_are_shown_at_their_default(everything: config.Config, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "watcher.toml").write_text("")
    default = config.load(tmp_path / "empty" / "watcher.toml")
    assert everything.fetch == dataclasses.replace(default.fetch, proxy="http://proxy:3128")
    assert (everything.timezone, everything.retention) == (default.timezone, default.retention)
    assert everything.database == f"sqlite:///{tmp_path}/watcher.db"


def test_every_key_of_the_models_appears() -> None:
    text = "\n".join(uncommented((EXAMPLE / file).read_text()) for file in FILES)
    from watcher.config import models
    from watcher.config.models import base, channels, service

    shown = set(re.findall(r"(?:^|[{,] ?)([A-Za-z_-]+) = ", text, flags=re.MULTILINE))
    shown |= set(re.findall(r"^\[+(?:[a-z]+\.)?([a-z]+)[\].]", text, flags=re.MULTILINE))  # [routes.match]
    tables = [*models.CHANNEL_TYPES.values(), models.WatcherTable, models.FetchTable, models.WebTable, models.FeedTable, models.EntityTable]
    tables += [models.RuleTable, models.RouteTable, models.OperatorsTable, channels.RouteMatch, channels.GroupTable, channels.EscalateTable]
    tables += [service.HeartbeatTable]
    assert all(issubclass(table, base.Table) for table in tables)
    missing = {f"{table.__name__}.{field.alias or name}" for table in tables for name, field in table.model_fields.items()}
    missing = {key for key in missing if key.partition(".")[2] not in shown}
    assert missing == set()


def test_a_remark_is_never_taken_for_a_key() -> None:
    """Prose that begins without a blank after the # would break whoever removes all of them."""
    for file in FILES:
        tomli.loads(uncommented((EXAMPLE / file).read_text()))
