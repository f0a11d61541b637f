"""The list of a cloud's folders, as the resource manager serves it. A pure view."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from collector.emulator.pages import Listing
from collector.emulator.render import render_object


def list_cloud_folders(
    cloud_id: str, folder_ids: Sequence[str], name: str, *, revision: int, print_defaults: bool = False
) -> Listing:
    """List a cloud's folders."""
    render = partial(render_folder, cloud_id, print_defaults=print_defaults)
    return Listing(
        name=name,
        key="folders",
        revision=revision,
        count=len(folder_ids),
        render=lambda span: list(map(render, folder_ids[span.offset : span.offset + span.limit])),
        print_defaults=print_defaults,
    )


def render_folder(cloud_id: str, folder_id: str, *, print_defaults: bool = False) -> str:
    """Write what the API shows of a folder."""
    fields = {"id": folder_id, "cloudId": cloud_id, "name": f"folder-{folder_id}".lower(), "status": "ACTIVE"}
    return render_object(fields, print_defaults=print_defaults)
