"""A disk that loses its power: ext4 in a file, copied while it is written to. What the copy holds is what a cut at that moment leaves.

The kernel has not been asked to flush anything: only what a program forced down (fsync) is sure to be in the image.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


class Disk:
    """Made by :func:`disk`. ``mounted`` is the folder on it."""

    def __init__(self, folder: Path) -> None:
        self._image, self._copy, self.mounted = folder / "image", folder / "copy", folder / "disk"

    def make(self, megabytes: int) -> None:
        self.mounted.mkdir()
        with self._image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self._image))
        self._mount()

    def snapshot(self) -> None:
        """Copy the image as it is at this moment, while everything goes on."""
        shutil.copyfile(self._image, self._copy)

    def cut(self) -> None:
        """Put the last snapshot in the disk's place: its file system recovers as after a power cut. Nobody may use it meanwhile."""
        self._unmount()
        self._copy.replace(self._image)
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.mounted))

    def _unmount(self) -> None:
        _run("umount", str(self.mounted))


@contextlib.contextmanager
def disk(folder: Path, *, megabytes: int = 64) -> Iterator[Disk]:
    """Make a disk below ``folder`` and mount it.

    :raises FileNotFoundError: we may not: not root, no ``mkfs.ext4``, no loop devices.
    """
    if os.geteuid() or not shutil.which("mkfs.ext4", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        raise FileNotFoundError("needs root and mkfs.ext4 (package e2fsprogs)")
    made = Disk(folder)
    try:
        made.make(megabytes)
    except subprocess.CalledProcessError as error:
        raise FileNotFoundError(f"no loop device can be mounted here: {error.stderr}") from error
    try:
        yield made
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            made._unmount()


def _run(*command: str) -> None:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path})
