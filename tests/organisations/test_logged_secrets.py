"""Keys, Authorization headers and pay page tokens are in no log line."""

from __future__ import annotations

import json
import logging

import pytest

from billing_platform.observability.logs import JsonFormatter


@pytest.mark.parametrize(
    ("message", "logged"),
    [
        ("/pay/Zk3-9_aB0c/invoice.pdf", "/pay/***/invoice.pdf"),
        ("GET /pay/Zk3-9_aB0c 200", "GET /pay/*** 200"),
        ("/debits/Zk3-9_aB0c", "/debits/***"),
        ("mbp_live_AbCd1234_" + "x" * 40, "mbp_live_AbCd1234_***"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("/api/v1/payments/orders", "/api/v1/payments/orders"),
    ],
)
def test_a_secret_is_masked(message: str, logged: str) -> None:
    record = logging.makeLogRecord({"msg": message, "path": message, "request_id": "", "environment": ""})
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["path"]) == (logged, logged)
