"""The sandbox as a Django app, labelled apart from ours."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "billing_platform.local.razorpay"
    label = "razorpay_sandbox"
    default_auto_field = "django.db.models.BigAutoField"
