"""Runs inside a booted container, as root: installs the unit as README says, and puts it through its life.

    python inside.py UNIT RESULTS

Each step writes what it saw into RESULTS (JSON); the test outside judges.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from watcher.newsroom import Newsroom, load

ETC = Path("/etc/watcher")
seen: dict[str, object] = {}


def systemctl(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False, timeout=seconds)


def show(*names: str) -> dict[str, str]:
    lines = systemctl("show", "watcher", *(f"--property={name}" for name in names)).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def configure(room: Newsroom, extra: str = "") -> None:
    feeds = "".join(f'[[feeds]]\nurl = "{room.feed_url(o)}"\nname = "{o}"\ninterval = "1s"\n' for o in room.outlets)
    (ETC / "watcher.toml").write_text(
        f'[watcher]\ninclude = []\n[fetch]\nallow_private = ["127.0.0.0/8"]\n{feeds}'
        '[[rules]]\nname = "r"\nany = ["Patriot", "Kishida", "岸田", "Петріот*"]\nnone = ["NFL"]\nupdates = "none"\n'
        f'[channels.siem]\ntype = "webhook"\nurl = "{room.hook("siem")}"\nsecret = {{ credential = "siem-secret" }}\n'
        f'allow_private = ["127.0.0.0/8"]\n{extra}'
    )


def drop_in(text: str) -> None:
    folder = Path("/etc/systemd/system/watcher.service.d")
    folder.mkdir(exist_ok=True)
    (folder / "test.conf").write_text(f"[Service]\n{text}")
    systemctl("daemon-reload")


async def until(holds, seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


def told(room: Newsroom) -> int:
    return len(room.taken("hook:siem"))


async def life(room: Newsroom) -> None:
    unit = systemctl
    seen["start"] = (await asyncio.to_thread(unit, "start", "watcher")).returncode
    seen["started"] = show("ActiveState", "SubState", "StatusText", "User", "DynamicUser")
    await room.known(seconds=60)
    room.publish(load("lead"))
    seen["told"] = await until(lambda: told(room) == 1)
    database = Path("/var/lib/private/watcher/watcher.db")
    pid = int(show("MainPID")["MainPID"])
    status = Path(f"/proc/{pid}/status").read_text()
    seen["database"] = (database.exists(), oct(database.stat().st_mode & 0o777) if database.exists() else "")
    seen["uid"] = next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:"))
    seen["no_new_privileges"] = "NoNewPrivs:\t1" in status
    seen["secret is in its environment"] = b"whsec_" in Path(f"/proc/{pid}/environ").read_bytes()

    configure(room, '[[rules]]\nname = "more"\nany = ["nothing like it"]\n')
    seen["reload"] = (await asyncio.to_thread(unit, "reload", "watcher")).returncode
    configure(room, '[[rules]]\nname = "broken"\nqery = "x"\n')
    seen["bad reload"] = (await asyncio.to_thread(unit, "reload", "watcher")).returncode
    seen["after bad reload"] = show("ActiveState", "MainPID")["MainPID"] == str(pid) and show("ActiveState")["ActiveState"]
    configure(room)

    os.kill(pid, signal.SIGKILL)
    seen["restarted after kill -9"] = await until(
        lambda: show("MainPID")["MainPID"] not in ("0", str(pid)) and show("ActiveState")["ActiveState"] == "active"
    )
    room.publish(load("japanese"))
    seen["told after restart"] = await until(lambda: told(room) == 2)

    drop_in("WatchdogSec=3\nLoadCredential=siem-secret:/etc/watcher/secrets/siem-secret\n")
    await asyncio.to_thread(unit, "restart", "watcher")
    pid = int(show("MainPID")["MainPID"])
    await asyncio.sleep(7)
    seen["the watchdog is fed"] = show("MainPID")["MainPID"] == str(pid)
    os.kill(pid, signal.SIGSTOP)
    seen["a hanging daemon is ended and started again"] = await until(
        lambda: show("MainPID")["MainPID"] not in ("0", str(pid)) and show("ActiveState")["ActiveState"] == "active"
    )
    room.publish(load("ukrainian"))
    seen["told after the watchdog"] = await until(lambda: told(room) == 3)

    began = time.monotonic()
    seen["stop"] = (await asyncio.to_thread(unit, "stop", "watcher")).returncode
    seen["stopped"] = {**show("ActiveState", "Result", "ExecMainStatus"), "seconds": round(time.monotonic() - began, 1)}
    await asyncio.sleep(3)
    seen["messages"] = told(room)

    (ETC / "watcher.toml").write_text("[wather]\n")
    seen["bad configuration"] = (await asyncio.to_thread(unit, "start", "watcher")).returncode
    await asyncio.sleep(7)
    seen["after bad configuration"] = show("ActiveState", "ExecMainStatus", "NRestarts")
    systemctl("reset-failed", "watcher")
    configure(room)
    (ETC / "secrets" / "siem-secret").unlink()
    seen["missing credential"] = (await asyncio.to_thread(unit, "start", "watcher")).returncode
    await asyncio.sleep(7)
    seen["after missing credential"] = show("ActiveState", "ExecMainStatus")


async def main(unit: Path) -> None:
    (ETC / "secrets").mkdir(parents=True, exist_ok=True)
    Path("/etc/systemd/system/watcher.service").write_text(unit.read_text())
    async with Newsroom() as room:
        for name, text in (("smtp-password", "x"), ("siem-secret", room.secret)):
            file = ETC / "secrets" / name
            file.touch(mode=0o600)
            file.write_text(text)
        configure(room)
        drop_in("LoadCredential=siem-secret:/etc/watcher/secrets/siem-secret\n")
        await life(room)


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except Exception as error:  # noqa: BLE001  whatever it is, the test outside wants to see it
        seen["error"] = repr(error)
    journal = subprocess.run(["journalctl", "--no-pager", "-o", "cat", "-u", "watcher"], capture_output=True, text=True, check=False)
    seen["journal"] = journal.stdout[-20_000:]
    Path(sys.argv[2]).write_text(json.dumps(seen, indent=1))
