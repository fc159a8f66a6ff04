"""The sandbox's settings with an environment of their own, for tools that only look."""

from __future__ import annotations

import os

os.environ.update(
    SANDBOX_DIR="/nonexistent/sandbox",
    SANDBOX_BASE_URL="http://127.0.0.1",
    RAZORPAY_KEY_ID="rzp_test_SandboxKey0001",
    RAZORPAY_KEY_SECRET="test_secret_123",
)

from billing_platform.local.razorpay.settings import *  # noqa: F403
