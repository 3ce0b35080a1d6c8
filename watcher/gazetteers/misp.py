"""MISP galaxy clusters: https://github.com/MISP/misp-galaxy, ``clusters/*.json``; also as a MISP instance exports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watcher.gazetteers.records import Record, Skipped


def read(document: Any) -> Iterator[Record | Skipped]:
    """Yield the clusters of a galaxy file.

    The id is the cluster's ``uuid``; aliases are its ``meta.synonyms``; the kind is the galaxy's ``type``.

    :raises ValueError: for a document of another shape.
    """
    clusters, kind = _clusters(document)
    for number, cluster in enumerate(clusters, 1):
        if not isinstance(cluster, dict):
            yield Skipped(line=number, reason="no cluster: expected an object")
            continue
        name, identity = cluster.get("value"), cluster.get("uuid")
        if not isinstance(name, str) or not name.strip():
            yield Skipped(line=number, reason='no name: "value" is missing or empty')
            continue
        yield Record(
            line=number,
            id=identity if isinstance(identity, str) else "",
            name=name,
            kind=str(cluster.get("type") or kind),
            aliases=tuple(_synonyms(cluster)),
        )


def _clusters(document: Any) -> tuple[list[Any], str]:
    if isinstance(document, dict):
        if isinstance(document.get("values"), list):
            return document["values"], str(document.get("type") or document.get("name") or "")
        if isinstance(document.get("GalaxyCluster"), list):  # an instance's export
            galaxy = document.get("Galaxy")
            return document["GalaxyCluster"], str(galaxy.get("type") or "") if isinstance(galaxy, dict) else ""
    raise ValueError('no MISP galaxy: expected an object with a list "values"')


def _synonyms(cluster: dict[str, Any]) -> Iterator[str]:
    meta = cluster.get("meta")
    synonyms = meta.get("synonyms") if isinstance(meta, dict) else None
    yield from (text for text in (synonyms if isinstance(synonyms, list) else [synonyms]) if isinstance(text, str))
    elements = cluster.get("GalaxyElement")
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, dict) and element.get("key") == "synonyms" and isinstance(element.get("value"), str):
            yield element["value"]
