"""Request lines: what is asked for, or which refusal."""

from __future__ import annotations

import pytest

from collector.emulator.answers import RefusedCall
from collector.emulator.routes import Route, check_scope, read_place, route_request
from collector.emulator.tokens import Place, issue_token
from tests import vendor

ROOT = "/managed-opensearch/v1"
BACKUPS = Route("opensearch", "cluster_backups", "c9q1")


@pytest.mark.parametrize(
    "path,query,route",
    [
        pytest.param("/clusters/c9q1/backups", {}, BACKUPS, id="backups of a cluster"),
        pytest.param("/clusters/c9q1", {}, Route("opensearch", "cluster", "c9q1"), id="a cluster"),
        pytest.param("/clusters", {"folderId": "f"}, Route("opensearch", "folder_clusters", "f"), id="clusters"),
        pytest.param(
            "/backups", {"folderId": "f"}, Route("opensearch", "folder_backups", "f"), id="backups of a folder"
        ),
        pytest.param(
            "/clusters/a%2Fb/backups", {}, Route("opensearch", "cluster_backups", "a/b"), id="an encoded slash"
        ),
    ],
)
def test_a_path_names_what_is_asked_for(path: str, query: dict[str, str], route: Route) -> None:
    """Each path of the API leads to its list or object."""
    assert route_request("GET", ROOT + path, query) == route


@pytest.mark.parametrize(
    "service,path",
    [
        *((service, f"managed-{service}/v1") for service in vendor.SERVICES if service != "sqlserver"),
        ("sqlserver", "mdb/sqlserver/v1"),
    ],
)
def test_each_service_has_the_paths_of_the_cloud(service: str, path: str) -> None:
    """All but one have the same form."""
    assert route_request("GET", f"/{path}/clusters/v1/backups", {}) == Route(service, "cluster_backups", "v1")
    assert route_request("GET", f"/{path}/clusters/c9q1", {}) == Route(service, "cluster", "c9q1")


@pytest.mark.parametrize(
    "method,path,status",
    [
        pytest.param("GET", "/", 404, id="root"),
        pytest.param("GET", "/managed-kafka/v1/clusters", 404, id="another service"),
        pytest.param("GET", "/managed-sqlserver/v1/clusters", 404, id="a service at another place"),
        pytest.param("GET", "/mdb/opensearch/v1/clusters", 404, id="a service at the other's place"),
        pytest.param("GET", f"{ROOT}/clusters//backups", 404, id="no id"),
        pytest.param("GET", f"{ROOT}/clusters/../backups/x", 404, id="dots"),
        pytest.param("DELETE", f"{ROOT}/clusters/c9q1/backups", 405, id="a writing method"),
        pytest.param("BREW", f"{ROOT}/clusters/c9q1/backups", 501, id="an unknown method"),
    ],
)
def test_what_is_not_emulated_is_refused(method: str, path: str, status: int) -> None:
    """Unknown paths, wrong methods and unknown methods have their own statuses."""
    with pytest.raises(RefusedCall) as caught:
        route_request(method, path, {})

    assert caught.value.http_status == status


@pytest.mark.parametrize("text,size", [("", 100), ("0", 100), ("1", 1), ("1000", 1000)], ids=["none", "0", "1", "1000"])
def test_a_page_size_of_none_or_zero_is_the_default(text: str, size: int) -> None:
    """Sizes from 0 to 1000 are served; proto3 cannot tell 0 from none."""
    place = read_place(BACKUPS, {"pageSize": text})

    assert place == Place(offset=0, revision=0, page_size=size)


@pytest.mark.parametrize("text", ["1001", "-1", "1.5", "abc", "١", " 5", "9" * 5000], ids=ascii)
def test_a_page_size_out_of_range_is_refused(text: str) -> None:
    """Anything else than an integer from 0 to 1000 is an invalid argument."""
    with pytest.raises(RefusedCall, match="page_size"):
        read_place(BACKUPS, {"pageSize": text})


def test_a_token_of_another_page_size_is_refused() -> None:
    """A token is bound to the size of the pages it was issued for."""
    token = issue_token(BACKUPS.listing, Place(offset=10, revision=1, page_size=10))

    with pytest.raises(RefusedCall, match="page_size"):
        read_place(BACKUPS, {"pageSize": "11", "pageToken": token})


@pytest.mark.parametrize(
    "route,field",
    [
        pytest.param(Route("opensearch", "folder_backups", ""), "folder_id", id="no folder"),
        pytest.param(Route("opensearch", "cluster_backups", "c" * 51), "cluster_id", id="too long"),
    ],
)
def test_an_impossible_id_is_refused(route: Route, field: str) -> None:
    """Ids are required and have at most 50 characters."""
    with pytest.raises(RefusedCall) as caught:
        check_scope(route)

    assert caught.value.field == field
