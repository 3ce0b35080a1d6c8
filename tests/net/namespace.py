"""A small internet without the internet: run inside a network namespace of its own, it gives public and private addresses to this machine.

``python -m tests.net.namespace FOLDER``, under ``unshare --net --mount``, as root of that namespace. It serves port 80 on every address,
answers DNS, runs ``watcher run --once`` on feeds that point everywhere, and prints one JSON object: what became of each
feed, and how many connections each address accepted. Nothing in the configuration permits a private address.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import ipaddress
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

PUBLIC, PUBLIC_6 = "93.184.216.34", "2606:2800:220:1::1"
PRIVATE = ("169.254.169.254", "10.0.0.1", "100.64.0.1", "192.88.99.1")
PRIVATE_6 = ("64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "fd00::1", "64:ff9b::a9fe:a9fe")
NAME_SERVER = "127.0.0.53"
NAMES = {
    "feed.example": [PUBLIC],
    "six.example": [PUBLIC_6],
    "half.example": [PUBLIC, "2606:2800:220:1::dead"],  # a good A beside an AAAA that leads nowhere
    "both.example": [PUBLIC, "10.0.0.1"],
    "169.254.169.254.nip.example": ["169.254.169.254"],
    "inside.example": ["127.0.0.1"],
    "inside6.example": ["::1"],
}
REBINDING = "rebind.example"  # public at the first question, this machine at every later one
SILENT = "silent.example"  # the name server never answers
INSIDE = {
    "loopback": "127.0.0.1", "localhost": "localhost", "other loopback": "127.0.0.2", "metadata": "169.254.169.254", "private": "10.0.0.1",
    "shared": "100.64.0.1", "relay": "192.88.99.1", "decimal": "2130706433", "hexadecimal": "0x7f000001", "short hexadecimal": "0x7f.1",
    "octal": "0177.0.0.1", "short": "127.1", "long octal": "017700000001", "nought": "0", "any": "0.0.0.0", "six loopback": "[::1]",
    "six any": "[::]", "mapped": "[::ffff:127.0.0.1]", "mapped metadata": "[::ffff:a9fe:a9fe]", "nat64": "[64:ff9b::7f00:1]",
    "nat64 metadata": "[64:ff9b::a9fe:a9fe]", "6to4": "[2002:7f00:1::]", "site local": "[fec0::1]", "unique local": "[fd00::1]",
    "one bad of two": "both.example", "name of metadata": "169.254.169.254.nip.example", "name of loopback": "inside.example",
    "name of six loopback": "inside6.example",
}  # fmt: skip
REDIRECTS = {
    f"{status} to {to}": (status, to) for status in (301, 302, 303, 307, 308) for to in ("127.0.0.1", "169.254.169.254", "both.example")
}
REACHED = ("public", "public literal", "public six", "public six literal", "half", "rebinding", "external entities")
NOWHERE = {"no such name": "nowhere.example", "silent name server": SILENT}


def feeds() -> dict[str, str]:
    """Every feed by its name."""
    urls = {
        "public": "http://feed.example/rss",
        "public literal": f"http://{PUBLIC}/rss",
        "public six": "http://six.example/rss",
        "public six literal": f"http://[{PUBLIC_6}]/rss",
        "half": "http://half.example/rss",
        "rebinding": f"http://{REBINDING}/rss",
        "external entities": "http://feed.example/external",
    }
    urls |= {name: f"http://{host}/rss" for name, host in {**INSIDE, **NOWHERE}.items()}
    return urls | {name: f"http://feed.example/to/{status}/http://{to}/rss" for name, (status, to) in REDIRECTS.items()}


class Names(asyncio.DatagramProtocol):
    """A name server: A and AAAA, TTL 0."""

    def __init__(self) -> None:
        self.rebound = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        name, (kind,) = ".".join(labels).lower(), struct.unpack_from("!H", data, at + 1)
        if name == SILENT:
            return
        known = name == REBINDING or name in NAMES
        found = [a for text in self._addresses(name, kind) if (a := ipaddress.ip_address(text)).version == {1: 4, 28: 6}.get(kind)]
        head = data[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0)
        answers = b"".join(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(a.packed)) + a.packed for a in found)
        self.transport.sendto(head + data[12 : at + 5] + answers, addr)

    def _addresses(self, name: str, kind: int) -> list[str]:
        if name != REBINDING or kind != 1:
            return NAMES.get(name, [])
        self.rebound += 1
        return [PUBLIC] if self.rebound == 1 else ["127.0.0.1"]


class Servers:
    """Port 80 of every address: a feed, a redirect, a page. ``accepts`` counts by the address that was connected to."""

    def __init__(self) -> None:
        self.accepts: collections.Counter[str] = collections.Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = str(ipaddress.ip_address(writer.get_extra_info("sockname")[0]))
        self.accepts[here] += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
                writer.write(answer(path))
                await writer.drain()
        writer.close()


def answer(path: str) -> bytes:
    """What a server says to a request for ``path``."""
    if path.startswith("/to/"):
        _, _, status, to = path.split("/", 3)
        return f"HTTP/1.1 {status} Moved\r\nLocation: {unquote(to)}\r\nContent-Length: 0\r\n\r\n".encode()
    dtd = '<!DOCTYPE rss SYSTEM "http://10.0.0.1/x.dtd" [<!ENTITY % p SYSTEM "http://10.0.0.1/p">%p;]>' if path == "/external" else ""
    page = "http://169.254.169.254/latest/meta-data/" if path == "/rss" else "http://127.0.0.1/page"
    document = (
        f'<?xml version="1.0"?>{dtd}<rss version="2.0"><channel><title>F</title>'
        f"<item><title>A report</title><guid>{path}</guid><link>{page}</link><description>The quagga came.</description></item></channel></rss>"
    )
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(document)}\r\n\r\n{document}".encode()


def prepare(folder: Path) -> Path:
    """Give this namespace its addresses and its resolver, and write the configuration; return the configuration's path."""
    commands = [["ip", "link", "set", "lo", "up"]]
    commands += [["ip", "addr", "add", f"{a}/32", "dev", "lo"] for a in (PUBLIC, *PRIVATE)]
    commands += [["ip", "addr", "add", f"{a}/128", "dev", "lo", "nodad"] for a in (PUBLIC_6, *PRIVATE_6)]
    for name, text in (
        ("resolv.conf", f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n"),
        ("hosts", "127.0.0.1 localhost\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
    ):
        (folder / name).write_text(text)
        commands.append(["mount", "--bind", str(folder / name), f"/etc/{name}"])
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    tables = [
        f'[watcher]\ndatabase = "sqlite:///{folder}/watcher.db"',
        '[fetch]\ninterval = "1s"\nmin_interval = "1s"',
        '[[rules]]\nname = "r"\nany = ["quagga"]',
        '[channels.siem]\ntype = "webhook"\nurl = "http://10.0.0.1/hook"',
    ]
    tables += [f'[[feeds]]\nname = "{name}"\nurl = "{url}"\nbackfill = 5' for name, url in feeds().items()]
    config = folder / "watcher.toml"
    config.write_text("\n".join(tables) + "\n")
    return config


async def watcher(config: Path, *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "watcher.cli.main", "-c", str(config), *arguments),
        env={**os.environ, "HTTP_PROXY": "http://10.0.0.1:80", "http_proxy": "http://10.0.0.1:80"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def play(folder: Path) -> dict[str, object]:
    """Run the daemon once on the feeds; return what an observer outside saw."""
    config, servers = prepare(folder), Servers()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Names, local_addr=(NAME_SERVER, 53))
    listeners = [await asyncio.start_server(servers.serve, host, 80) for host in ("0.0.0.0", "::")]
    began = time.monotonic()
    ran = await watcher(config, "run", "--once")
    took = time.monotonic() - began
    _, listed, _ = await watcher(config, "feeds", "list", "--json")
    discovered = await watcher(config, "feeds", "discover", "http://169.254.169.254/", "--json")
    added = await watcher(config, "feeds", "add", "http://feed.example/to/302/http://[::ffff:10.0.0.1]/rss")
    transport.close()
    for listener in listeners:
        listener.close()
    return {
        "feeds": {row["name"]: row for row in map(json.loads, listed.splitlines())},
        "accepts": dict(servers.accepts),
        "ran": ran,
        "took": took,
        "discovered": discovered,
        "added": added,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(play(Path(sys.argv[1])))))
