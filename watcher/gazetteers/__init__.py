"""Gazetteers: lists of names from elsewhere, made entities. Pure, but for the reading of the file.

::

    records      what a list says: id, name, kind, aliases, and where it says so
    misp         MISP galaxy clusters (JSON)
    tables       plain CSV, and OpenSanctions' targets.simple.csv
    source       a file of any of these, found out by its beginning
    names        which of the aliases are worth looking for, and how
    collect      records -> entities, every skipped row and doubtful alias reported
    tomlfile     entities -> TOML
"""

from watcher.gazetteers.collect import Collection
from watcher.gazetteers.records import Record, Remark, Skipped
from watcher.gazetteers.source import FORMATS, GazetteerError, Source

__all__ = ["FORMATS", "Collection", "GazetteerError", "Record", "Remark", "Skipped", "Source"]
