"""Fixtures for reconciliation: no account at Razorpay is set up, unless a test asks for the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.payments.conftest import _razorpay, no_repeats, razorpay

__all__ = ["_razorpay", "no_repeats", "razorpay"]


@pytest.fixture(autouse=True)
def no_account(request: pytest.FixtureRequest, settings: Any) -> None:
    if "razorpay" not in request.fixturenames:
        settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
