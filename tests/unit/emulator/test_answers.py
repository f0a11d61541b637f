"""Refusals: a google.rpc.Status that the real messages read."""

from __future__ import annotations

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.rpc import error_details_pb2, status_pb2

from collector.emulator.answers import HTTP_STATUS, Code, RefusedCall, refuse, render_status


@pytest.mark.parametrize("code", list(Code), ids=[code.name for code in Code])
def test_every_code_has_an_http_status_of_a_failure(code: Code) -> None:
    """No refusal goes out as a success or a redirect."""
    assert 400 <= HTTP_STATUS[code] <= 599


def test_a_status_names_its_request() -> None:
    """The request's id is in a RequestInfo among the details."""
    body = render_status(Code.UNAUTHENTICATED, "Token is invalid or has expired.", request_id="r-1")

    status = json_format.Parse(body, status_pb2.Status())
    info = error_details_pb2.RequestInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message, info.request_id) == (16, "Token is invalid or has expired.", "r-1")


def test_an_invalid_argument_names_its_field() -> None:
    """The field at fault is in a BadRequest among the details."""
    refused = RefusedCall(Code.INVALID_ARGUMENT, "page_size is odd", field="page_size")

    answer = refuse(refused, request_id="r-1")

    bad_request = error_details_pb2.BadRequest()
    assert json_format.Parse(answer.body, status_pb2.Status()).details[0].Unpack(bad_request)
    assert bad_request.field_violations[0].field == "page_size"
    assert answer.status == 400
