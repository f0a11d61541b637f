"""
Where clusters are looked for, and which of those found there are wanted: the configuration's `discovery`. Pure.

A folder that several entries lead to is one source; a cluster is wanted where any of them wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from collector.records import Guard
from collector.sources import Source

if TYPE_CHECKING:
    from collector.config import DiscoverySettings
    from collector.descriptions import ClusterDescription

Entries = Sequence["DiscoverySettings"]


def matches(entry: DiscoverySettings, description: ClusterDescription) -> bool:
    """Tell whether an entry wants a cluster: by its name's pattern, where there is one, and all of its labels."""
    if entry.name is not None and not fnmatchcase(description.name or "", entry.name):
        return False
    return all(description.labels.get(key) == value for key, value in entry.labels.items())


def cloud_ids(entries: Entries) -> list[str]:
    """Name the clouds whose folders must be listed first, each once."""
    return list(dict.fromkeys(entry.cloud for entry in entries if entry.cloud is not None))


def folder_sources(entries: Entries, folders: Mapping[str, Iterable[str]]) -> dict[Source, Entries]:
    """
    Tell what is to be read, and for which entries.

    Args:
        entries: of the configuration.
        folders: the folders of each cloud.
    """
    found: dict[str, tuple[Source, list[DiscoverySettings]]] = {}
    for entry in entries:
        folder_ids = [entry.folder] if entry.folder is not None else sorted(folders.get(entry.cloud or "", ()))
        for folder_id in folder_ids:
            for service in entry.services:
                source = Source(folder_id, service, entry.cloud)
                known, wanted = found.setdefault(source.key, (source, []))
                wanted.append(entry)
                if known.cloud_id is None:
                    found[source.key] = (source, wanted)
    return dict(found.values())


def spared_by(source: Source, entries: Entries) -> list[Source]:
    """Tell what may hold clusters that an unread source did not name: itself, or of a cloud any folder."""
    if source.folder_id is not None:
        return [source]
    services = dict.fromkeys(word for entry in entries if entry.cloud == source.cloud_id for word in entry.services)
    return [Source(None, service, source.cloud_id) for service in services]


def too_much_is_gone(known: frozenset[str], listed: frozenset[str], guard: Guard) -> bool:
    """Tell whether more is gone at once than is believed. That nothing is left never is."""
    gone = len(known - listed)
    return gone > max(guard.rows, guard.share * len(known)) or (gone > 0 and not listed)
