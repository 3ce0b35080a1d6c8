"""sd_notify against a real datagram socket, by path and by abstract name."""

import os
import secrets
import socket
import time

import pytest

from watcher.daemon.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """The address for NOTIFY_SOCKET and the socket on which systemd would listen."""
    name = str(tmp_path / "notify") if request.param == "path" else "@watcher-test-" + secrets.token_hex(8)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if name.startswith("@") else name)
        listener.settimeout(5)
        yield name, listener


def test_each_message_is_one_datagram_in_order(systemd):
    name, listener = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.extend(2.5)
    notifier.ready("3 feeds")
    notifier.status("polling")
    notifier.watchdog()
    notifier.stopping()
    said = [listener.recv(4096).decode() for _ in range(5)]
    assert said == ["EXTEND_TIMEOUT_USEC=2500000", "READY=1\nSTATUS=3 feeds", "STATUS=polling", "WATCHDOG=1", "STOPPING=1"]


def test_ready_after_a_reload_leaves_the_status_line_alone(systemd):
    name, listener = systemd
    Notifier({"NOTIFY_SOCKET": name}).ready(None)
    assert listener.recv(4096) == b"READY=1"


def test_reloading_carries_the_monotonic_clock_in_microseconds(systemd):
    name, listener = systemd
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Notifier({"NOTIFY_SOCKET": name}).reloading()
    first, second = listener.recv(4096).decode().split("\n")
    assert first == "RELOADING=1"
    key, _, value = second.partition("=")
    assert key == "MONOTONIC_USEC"
    assert before <= int(value) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_that_quotes_a_hostile_feed_cannot_add_a_command(systemd):
    name, listener = systemd
    Notifier({"NOTIFY_SOCKET": name}).status("feed \ud800 x\nMAINPID=1\u2028READY=1\r" + "y" * 5000)
    said = listener.recv(65536).decode()
    assert "\n" not in said
    assert said.startswith("STATUS=feed ? x MAINPID=1 READY=1 y")
    assert len(said) < 500


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"NOTIFY_SOCKET": "/nonexistent/socket"}])
def test_without_a_listener_every_method_is_silent(environ):
    notifier = Notifier(environ)
    notifier.ready("x")
    notifier.status("x")
    notifier.watchdog()
    notifier.reloading()
    notifier.stopping()
    notifier.extend(1)


def test_a_full_queue_never_blocks_the_watchdog(systemd):
    """Nobody reads: after the queue is full, messages are dropped instead of hanging the loop."""
    name, _ = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    for _ in range(2000):
        notifier.watchdog()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_its_interval_and_only_by_the_process_it_names(environ, seconds):
    assert Notifier({"NOTIFY_SOCKET": "/run/systemd/notify", **environ}).watchdog_interval == seconds


def test_no_watchdog_without_a_socket():
    assert Notifier({"WATCHDOG_USEC": "30000000"}).watchdog_interval is None


def test_a_lasting_trouble_stands_before_every_status_until_it_is_over(systemd):
    name, listener = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.trouble = "reload refused"
    notifier.status("3 feeds")
    notifier.trouble = None
    notifier.status("4 feeds")
    assert [listener.recv(4096) for _ in range(2)] == [b"STATUS=reload refused; 3 feeds", b"STATUS=4 feeds"]
