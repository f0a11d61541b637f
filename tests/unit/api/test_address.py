"""The address of a page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from collector.api.address import backups_address, clusters_address, folders_address
from collector.errors import RequestRefused
from collector.records import Cluster, ClusterId, Folder
from tests import vendor

BASE = "https://api.example"


def cluster(identifier: str, service: str = "opensearch") -> Cluster:
    """A cluster of this id."""
    return Cluster(id=ClusterId(identifier), service=service)


def test_the_first_page_carries_no_token() -> None:
    """The path and the query are those of the API's reference."""
    address = backups_address(BASE, cluster("c9q-1"), page_size=1000, page_token=None)

    assert address == "https://api.example/managed-opensearch/v1/clusters/c9q-1/backups?pageSize=1000"


@pytest.mark.parametrize(
    "service,path",
    [
        *((name, f"managed-{name}/v1") for name in vendor.SERVICES if name != "sqlserver"),
        ("sqlserver", "mdb/sqlserver/v1"),
    ],
)
def test_each_service_has_the_path_of_the_cloud(service: str, path: str) -> None:
    """All but one have the same form."""
    address = backups_address(BASE, cluster("c9q", service), page_size=1, page_token=None)

    assert address == f"https://api.example/{path}/clusters/c9q/backups?pageSize=1"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120))
def test_a_token_arrives_as_it_came(token: str) -> None:
    """Encoded exactly once: decoding once gives it back, and the URL library leaves it alone (A4)."""
    address = backups_address(BASE, cluster("c9q"), page_size=7, page_token=token)

    query = urlsplit(str(URL(address, encoded=True))).query
    assert parse_qsl(query, keep_blank_values=True) == [("pageSize", "7"), ("pageToken", token)]
    assert address.isascii()
    assert not set(address) & set(" \r\n\t#+")


@pytest.mark.parametrize(
    "identifier",
    [
        "..",
        ".",
        "",
        "a/b",
        "../../iam/v1/tokens",
        "a%2fb",
        "a?b",
        "a#b",
        "a b",
        "a\r\nHost: x",
        "ａ",
        "-a",
        "a" * 51,
        "a\n",
        "@x",
    ],
)
def test_an_id_that_could_leave_its_path_is_never_sent(identifier: str) -> None:
    """Both string formatting and URL joins would collapse `..` into another endpoint (D23)."""
    with pytest.raises(RequestRefused, match="nothing was sent"):
        backups_address(BASE, cluster(identifier), page_size=1, page_token=None)


def test_an_unknown_service_is_never_sent() -> None:
    """There is no path to guess."""
    with pytest.raises(RequestRefused, match="'mainframe'"):
        backups_address(BASE, cluster("c9q", "mainframe"), page_size=1, page_token=None)


def test_a_folders_list_lies_beside_its_clusters() -> None:
    """The same service's path, with the folder in the query and the token as ever."""
    address = backups_address(BASE, Folder("opensearch", "b1g-1"), page_size=7, page_token="a/b")

    assert address == ("https://api.example/managed-opensearch/v1/backups?folderId=b1g-1&pageSize=7&pageToken=a%2Fb")


@pytest.mark.parametrize("identifier", ["", "../x", "a&pageSize=1", "ы", "a" * 51])
def test_a_folder_that_the_api_made_up_is_not_sent(identifier: str) -> None:
    """Stored backups name it, so what it holds is not ours."""
    with pytest.raises(RequestRefused, match="folder id"):
        backups_address(BASE, Folder("opensearch", identifier), page_size=7, page_token=None)


def test_lists_of_clusters_and_folders_are_addressed_like_lists_of_backups() -> None:
    """The parent's id and the token are encoded exactly once."""
    assert clusters_address(BASE, service="opensearch", folder_id="b1g", page_size=7, page_token="a/b+") == (
        f"{BASE}/managed-opensearch/v1/clusters?folderId=b1g&pageSize=7&pageToken=a%2Fb%2B"
    )
    assert folders_address(BASE, cloud_id="b1c", page_size=7, page_token=None) == (
        f"{BASE}/resource-manager/v1/folders?cloudId=b1c&pageSize=7"
    )


def test_an_id_that_could_leave_its_place_is_refused_in_every_list() -> None:
    """Nothing is sent."""
    with pytest.raises(RequestRefused, match="folder id"):
        clusters_address(BASE, service="opensearch", folder_id="b1g&x=1", page_size=1, page_token=None)
    with pytest.raises(RequestRefused, match="cloud id"):
        folders_address(BASE, cloud_id="../x", page_size=1, page_token=None)
