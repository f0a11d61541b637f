"""An emulator that remembers what it answered: the only thing the oracle believes."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from collector.emulator import Emulator
from collector.emulator.actions import Cut


class Recorder(Emulator):
    """Keeps every page that went out whole, by the trace of the sweep that asked and by cluster."""

    __slots__ = ("answered",)

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Start with nothing answered."""
        super().__init__(*args, **settings)
        self.answered: defaultdict[tuple[str, str], list[tuple[bool, dict[str, Any]]]] = defaultdict(list)

    def _answer(self, call: Any, actions: Any) -> Any:
        answer, page = super()._answer(call, actions)
        # A body that is shorter than where it was to be cut arrives whole.
        cut = any(isinstance(action, Cut) and action.after < len(answer.body) for action in actions)
        if answer.status == 200 and not cut:
            trace_id = call.request.headers["x-client-trace-id"]
            first = "pageToken" not in call.request.query
            self.answered[trace_id, call.route.scope].append((first, json.loads(answer.body)))
        return answer, page

    def listing(self, trace_id: str, cluster_id: str) -> list[dict[str, Any]] | None:
        """Put together the records of a sweep's last reading of a cluster; None if that never came to its end."""
        pages = self.answered.get((trace_id, cluster_id), [])
        starts = [number for number, (first, _) in enumerate(pages) if first]
        if not starts:
            return None
        return _records([page for _, page in pages[starts[-1] :]])

    def share(self, trace_id: str, cluster_id: str, *, folder_id: str, reading: int) -> list[dict[str, Any]] | None:
        """
        Put together what a sweep's reading of a folder, counted from 0, held of a cluster.

        Records of nobody are broken to everybody; None if that reading never came to its end.
        """
        pages = self.answered.get((trace_id, folder_id), [])
        starts = [number for number, (first, _) in enumerate(pages) if first]
        if reading >= len(starts):
            return None
        records = _records([page for _, page in pages[starts[reading] : [*starts, None][reading + 1]]])
        if records is None:
            return None
        owned = [each | ({} if each.get("sourceClusterId") else {"sizeBytes": "x"}) for each in records]
        return [each for each in owned if each.get("sourceClusterId", cluster_id) == cluster_id]


def _records(pages: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    if pages[-1].get("nextPageToken"):
        return None
    return [record for page in pages for record in page.get("backups", [])]
