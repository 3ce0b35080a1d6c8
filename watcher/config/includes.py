"""Which files make up the configuration: the main one and what its ``include`` names."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from watcher.config.models.service import DEFAULT_INCLUDE
from watcher.config.problems import Place, Problems
from watcher.config.units import shown

MOST = 10_000  # files


def expand(place: Place, patterns: object, problems: Problems) -> Iterator[tuple[Place, Path, str]]:
    """Yield (where it was asked for, path, name for messages) for each file that ``patterns`` find, each file once.

    A pattern without ``*``, ``?`` or ``[`` names a file that must be there. Symbolic links are followed, since whoever owns the
    folder made them; what is refused is a path that leaves the folder by name.

    :param place: of ``watcher.include`` in the main document.
    :param patterns: its value, not yet validated; None for the default, whose patterns may find nothing (also where
        it is written out).
    """
    main = place.document
    seen = {os.path.realpath(main.path)}
    folder = Path(main.name).parent
    for index, pattern in enumerate(DEFAULT_INCLUDE if patterns is None else patterns if isinstance(patterns, list) else ()):
        here = place.at(index)
        if not isinstance(pattern, str) or not pattern.strip() or "\0" in pattern:
            continue  # the model's validation says so
        relative = _inside(main.path.parent, pattern)
        if relative is None:
            problems.add(here, f"the path {shown(pattern)} leads out of the configuration's folder")
            continue
        if not glob.has_magic(relative):
            found = [relative]
        else:
            found = sorted(glob.glob(relative, root_dir=main.path.parent, recursive=True))  # noqa: PTH207 — Path.glob has no root_dir and skips broken links
            found = [name for name in found if not (main.path.parent / name).is_dir()]
            if not found and patterns not in (None, DEFAULT_INCLUDE):
                problems.warn(here, f"the pattern {shown(pattern)} finds no file")
        for name in found:
            real = os.path.realpath(main.path.parent / name)
            if real not in seen and len(seen) <= MOST:
                seen.add(real)
                yield here, main.path.parent / name, str(folder / name)


def _inside(folder: Path, pattern: str) -> str | None:
    """Return ``pattern`` relative to ``folder``, or None if it leads out of it."""
    base = os.path.abspath(folder)  # noqa: PTH100 — Path.absolute keeps ".."
    full = os.path.normpath(os.path.join(base, pattern.strip()))  # noqa: PTH118 — normalises by name only, without following links
    if full == base or os.path.commonpath([base, full]) != base:
        return None
    return os.path.relpath(full, base)
