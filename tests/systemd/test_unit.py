"""systemd/watcher.service: sound, hardened, and commented where it is not obvious."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "watcher.service"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def installed(tmp_path):
    """The unit as systemd would find it, with a program in the place of the one that is not installed here."""
    unit = tmp_path / "watcher.service"
    unit.write_text(UNIT.read_text().replace("/opt/watcher/venv/bin/watcher", "/bin/true"))
    return unit


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@needs_systemd
def test_systemd_finds_nothing_to_complain_about(installed):
    """`verify` returns 0 for misspelt keys: only its silence means something."""
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_a_misspelt_key_would_be_noticed(installed):
    installed.write_text(installed.read_text().replace("ProtectHome=", "ProtectHouse="))
    done = subprocess.run(["systemd-analyze", "verify", installed], capture_output=True, text=True, check=False)
    assert "ProtectHouse" in done.stderr


@needs_systemd
def test_its_exposure_is_at_most_1_2_of_10(installed):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", installed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_no_setting_shares_its_line_with_a_comment():
    """systemd would read the comment as part of the value."""
    assert not [line for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w+=.*\s#", line)]


def test_limits_and_the_watchdog_are_those_of_the_contract():
    found = settings()
    assert (found["MemoryHigh"], found["MemoryMax"]) == (["800M"], ["1G"])
    assert (found["Type"], found["NotifyAccess"], found["WatchdogSec"]) == (["notify"], ["main"], ["30"])
    assert "--wait" in found["ExecReload"][0]


def test_what_does_not_mend_itself_is_not_restarted():
    assert settings()["RestartPreventExitStatus"] == ["78 243"]


def test_no_secret_travels_in_the_environment():
    environment = " ".join(settings()["Environment"])
    assert not re.search(r"(?i)pass|token|secret|key", environment)
    assert settings()["LoadCredential"]
