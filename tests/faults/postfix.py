"""A private Postfix on loopback: its own configuration, queue and mailboxes in a folder, and nothing of the machine's own."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

DOMAIN = "newsroom.example"
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Made by :func:`postfix`. ``answers`` maps recipients to the SMTP reply that they get."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._program = shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin") or ""
        self._boxes: list[str] = []

    def configure(self, boxes: list[str]) -> None:
        """Write the configuration for mailboxes with these names."""
        self._boxes = boxes
        owner = pwd.getpwnam("postfix")
        for name in ("queue", "data", "mail"):
            (self.folder / name).mkdir()
        for name in ("data", "mail"):
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        (self.folder / "boxes").write_text("".join(f"{box}@{DOMAIN} {box}/\n" for box in boxes))
        settings = {
            "compatibility_level": "3.6", "queue_directory": f"{self.folder}/queue", "data_directory": f"{self.folder}/data",
            "mail_owner": "postfix", "setgid_group": "postdrop", "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "myhostname": f"mx.{DOMAIN}", "mydestination": "", "mynetworks": "127.0.0.0/8", "alias_maps": "", "local_recipient_maps": "",
            "virtual_mailbox_domains": DOMAIN, "virtual_mailbox_base": f"{self.folder}/mail", "virtual_mailbox_maps": f"texthash:{self.folder}/boxes",
            "virtual_uid_maps": f"static:{owner.pw_uid}", "virtual_gid_maps": f"static:{owner.pw_gid}", "virtual_minimum_uid": "1",
            "smtpd_recipient_restrictions": f"check_recipient_access texthash:{self.folder}/answers, permit_mynetworks, reject",
            "smtpd_peername_lookup": "no", "maillog_file": f"{self.folder}/log", "maillog_file_prefixes": f"/var, /dev/stdout, {self.folder}",
        }  # fmt: skip
        (self.folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (self.folder / "master.cf").write_text(_SERVICES.format(port=self.port))
        self.answer({})

    def answer(self, answers: Mapping[str, str]) -> None:
        """Let recipients get these replies from now on: ``{"box": "451 4.7.1 later"}``."""
        (self.folder / "answers").write_text("".join(f"{box}@{DOMAIN} {reply}\n" for box, reply in answers.items()))
        if (self.folder / "queue" / "pid" / "master.pid").exists():
            self._run("reload")

    def start(self) -> None:
        self._run("start")
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                if link.recv(4) == b"220 ":
                    return
            time.sleep(0.05)
        raise RuntimeError(f"postfix did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        self._run("stop")

    def box(self, name: str) -> list[EmailMessage]:
        """What is in a mailbox."""
        new = self.folder / "mail" / name / "new"
        found = sorted(new.iterdir()) if new.is_dir() else []
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in found]  # type: ignore[misc]

    def _run(self, command: str) -> None:
        done = subprocess.run([self._program, "-c", str(self.folder), command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"postfix {command}: {done.stderr}")


@contextlib.contextmanager
def postfix(folder: Path, boxes: list[str]) -> Iterator[Postfix]:
    """Run one. Needs root and Debian's package.

    :raises FileNotFoundError: it is not installed, or we are not root.
    """
    if not shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        raise FileNotFoundError("postfix is not installed (apt-get install postfix)")
    if os.geteuid():
        raise FileNotFoundError("postfix's master process needs root")
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Postfix(folder, port)
    server.configure(boxes)
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(RuntimeError):
            server.stop()
