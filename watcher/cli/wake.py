"""Tells a running daemon that there is work now, so that it need not be found by the next look."""

from __future__ import annotations


def daemons(url: str) -> int:
    """Wake every daemon of this machine on the database; return how many were told. None running is no error."""
    from watcher.daemon import control

    told = 0
    for socket in control.find(url):
        try:
            control.tell(socket, "wake", seconds=5)
        except control.NoDaemonError:
            continue  # the left-over of a daemon that was killed
        told += 1
    return told
