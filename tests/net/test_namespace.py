"""Public, private and disguised addresses, with the default configuration and the real commands, in a network namespace (RELIABILITY "ns")."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.net import namespace

pytestmark = pytest.mark.e2e
UNSHARE = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen of one run inside a namespace of its own."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare (util-linux) and ip (iproute2)")
    wanted = f"ip link set lo up && ip addr add {namespace.PUBLIC_6}/128 dev lo && mount --bind /etc/hosts /etc/hosts"
    if (tried := subprocess.run([*UNSHARE, "sh", "-c", wanted], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"this machine gives no network namespace: {tried.stderr.strip()}")
    folder: Path = tmp_path_factory.mktemp("ns")
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.net.namespace", str(folder)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_no_private_address_was_connected_to(seen: dict[str, Any]) -> None:
    """N01 to N08, N11, P02: feeds, redirects, pages, external entities, a webhook, `discover`, `add`, with a proxy in the environment."""
    assert set(seen["accepts"]) == {namespace.PUBLIC, namespace.PUBLIC_6}


@pytest.mark.parametrize("name", [*namespace.INSIDE, *namespace.REDIRECTS])
def test_a_private_address_is_the_reason(seen: dict[str, Any], name: str) -> None:
    """N01 to N06, N08: also where a name has one bad address among good ones."""
    assert seen["feeds"][name]["last_error"].startswith("private: ")


@pytest.mark.parametrize("name", namespace.REACHED)
def test_public_addresses_are_reached(seen: dict[str, Any], name: str) -> None:
    """N07, N13: IPv6 alone, a dead AAAA beside a good A, a name that is public when it is looked up and ours a moment later."""
    assert (seen["feeds"][name]["last_error"], seen["feeds"][name]["entries"]) == (None, 1)


@pytest.mark.parametrize("name", namespace.NOWHERE)
def test_a_name_that_leads_nowhere_is_tried_again(seen: dict[str, Any], name: str) -> None:
    """N14."""
    row = seen["feeds"][name]
    assert row["last_error"].startswith("dns: ")
    assert row["gone_at"] is None


def test_a_page_on_a_private_address_costs_the_page_and_not_the_alert(seen: dict[str, Any]) -> None:
    status, out, err = seen["ran"]
    assert status == 0
    assert "reason=first_seen" in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("command", ["discovered", "added"])
def test_commands_refuse_in_words(seen: dict[str, Any], command: str) -> None:
    status, _, err = seen[command]
    assert status == 1
    assert "is a private or special address" in err
    assert "Traceback" not in err
