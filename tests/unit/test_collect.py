"""Where the backups of a cluster that was not found are looked for."""

from __future__ import annotations

import pytest

from collector.collect import choose_folder
from collector.errors import ClusterNotFound
from collector.records import Cluster, ClusterId, Past

NOTHING = Past(folder_id=None, named=frozenset(), has_unnamed=False, seen=False)


def cluster(folder_id: str | None = None) -> Cluster:
    """Make a cluster of this folder; None: not configured."""
    return Cluster(id=ClusterId("c9q"), folder_id=folder_id)


@pytest.mark.parametrize(
    "configured, stored, chosen",
    [("b1ga", None, "b1ga"), (None, "b1gb", "b1gb"), ("b1ga", "b1gb", "b1ga")],
    ids=["configured", "stored", "both"],
)
def test_the_configured_folder_comes_before_the_stored_one(
    configured: str | None, stored: str | None, chosen: str
) -> None:
    """Either is enough."""
    past = NOTHING._replace(folder_id=stored)

    folder = choose_folder(cluster(configured), past, refusal="HTTP 404")

    assert (folder.service, folder.id) == ("opensearch", chosen)


def test_without_a_folder_nothing_is_chosen() -> None:
    """The message says so, after what the API said."""
    with pytest.raises(ClusterNotFound, match="HTTP 404; its folder is not known"):
        choose_folder(cluster(), NOTHING, refusal="HTTP 404")


@pytest.mark.parametrize("named", [{"b1gb"}, {"b1ga", "b1gb"}], ids=["all", "some"])
def test_a_folder_that_cannot_prove_every_absence_is_not_chosen(named: set[str]) -> None:
    """A stored backup of another folder is absent from this one's list in any case."""
    past = NOTHING._replace(folder_id="b1ga", named=frozenset(named), seen=True)

    with pytest.raises(ClusterNotFound, match="should be b1ga, but stored backups of it name folder b1gb"):
        choose_folder(cluster(), past, refusal="HTTP 404")


def test_backups_that_name_no_folder_prove_none() -> None:
    """One of them that names the folder does: a list that omits the field for some is still that folder's."""
    past = NOTHING._replace(has_unnamed=True, seen=True)

    with pytest.raises(ClusterNotFound, match="name no folder, so nothing proves that they are in b1ga"):
        choose_folder(cluster("b1ga"), past, refusal="HTTP 404")
    assert choose_folder(cluster("b1ga"), past._replace(named=frozenset({"b1ga"})), refusal="HTTP 404").id == "b1ga"
