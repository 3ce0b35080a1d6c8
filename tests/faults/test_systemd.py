"""The unit under a real systemd: booted in a container of this machine's own files, without touching the machine."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"  # not one below a home directory: the unit cannot see these
DRIVER = """[Unit]
Description=the test's driver
[Service]
Type=oneshot
TimeoutStartSec=300
ExecStart=/opt/watcher/venv/bin/python /share/inside.py /share/watcher.service /share/result.json
ExecStopPost=/usr/bin/systemctl --no-block poweroff -ff
"""


def installed(folder: Path) -> Path:
    """The package as README installs it, to be bound to /opt/watcher/venv."""
    venv = folder / "venv"
    subprocess.run([PYTHON, "-m", "venv", venv], check=True, capture_output=True)
    subprocess.run([venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", f"{ROOT}[all]"], check=True, capture_output=True)
    for script in (venv / "bin").iterdir():  # what they were made for is where they will be
        with contextlib.suppress(UnicodeDecodeError):
            if script.is_file() and not script.is_symlink():
                script.write_text(script.read_text().replace(str(venv), "/opt/watcher/venv"))
    return venv


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the unit's life looked like."""
    if os.geteuid() or not shutil.which("systemd-nspawn"):
        pytest.skip("needs root and systemd-nspawn (package systemd-container)")
    if not Path(PYTHON).exists():
        pytest.skip(f"needs {PYTHON}")
    folder = tmp_path_factory.mktemp("boot")
    root, share = folder / "root", folder / "share"
    root.mkdir()
    share.mkdir()
    venv = installed(folder)
    shutil.copy(ROOT / "systemd" / "watcher.service", share)
    shutil.copy(Path(__file__).parent / "inside.py", share)
    (share / "driver.service").write_text(DRIVER)
    subprocess.run(["mount", "--bind", "/", root], check=True)
    try:
        with (folder / "boot.log").open("wb") as log:
            subprocess.run(
                ["systemd-nspawn", "-q", "-D", root, "--volatile=overlay", "--private-network", "--register=no", "--keep-unit",
                 f"--bind={share}:/share", f"--bind-ro={venv}:/opt/watcher/venv",
                 f"--bind-ro={share}/driver.service:/etc/systemd/system/driver.service",
                 "-b", "systemd.unit=basic.target", "systemd.wants=driver.service"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=420, check=False,
            )  # fmt: skip
    finally:
        subprocess.run(["umount", root], check=False)
    result = share / "result.json"
    if not result.exists():
        pytest.skip(f"no system boots here: {(folder / 'boot.log').read_text(errors='replace')[-500:]}")
    found = json.loads(result.read_text())
    assert "error" not in found, found
    return found


def test_it_starts_when_it_is_ready_and_tells(seen):
    assert seen["start"] == 0
    assert (seen["started"]["ActiveState"], seen["started"]["SubState"]) == ("active", "running")
    assert "feeds" in seen["started"]["StatusText"]
    assert seen["told"], seen["journal"]


def test_it_runs_as_nobody_in_particular_and_keeps_its_data_to_itself(seen):
    assert seen["uid"] != "0"
    assert seen["no_new_privileges"]
    assert seen["database"] == [True, "0o600"]
    assert not seen["secret is in its environment"]


def test_reload_reports_its_outcome_and_a_bad_one_changes_nothing(seen):
    assert seen["reload"] == 0
    assert seen["bad reload"] != 0
    assert seen["after bad reload"] == "active"
    assert "qery" in seen["journal"]


def test_it_comes_back_after_kill_9_and_after_a_hang(seen):
    assert seen["restarted after kill -9"]
    assert seen["told after restart"]
    assert seen["the watchdog is fed"]
    assert seen["a hanging daemon is ended and started again"]
    assert seen["told after the watchdog"]


def test_nothing_is_told_twice_and_it_stops_in_good_order(seen):
    assert seen["messages"] == 3
    assert seen["stop"] == 0
    assert (seen["stopped"]["ActiveState"], seen["stopped"]["ExecMainStatus"]) == ("inactive", "0")
    assert seen["stopped"]["seconds"] < 10


def test_what_does_not_mend_itself_stays_failed(seen):
    assert seen["bad configuration"] != 0
    assert (seen["after bad configuration"]["ActiveState"], seen["after bad configuration"]["ExecMainStatus"]) == ("failed", "78")
    assert seen["missing credential"] != 0
    assert (seen["after missing credential"]["ActiveState"], seen["after missing credential"]["ExecMainStatus"]) == ("failed", "243")
