"""Editing notes, the one thing that orders, payments and refunds let you change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import body_of
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.models import Order, Payment, Refund
from billing_platform.local.razorpay.validation import clean_notes, reject_unexpected

Noted = TypeVar("Noted", Order, Payment, Refund)


@transaction.atomic
def edit_notes(request: HttpRequest, get: Callable[[str], Noted], public_id: str) -> Noted:
    data = body_of(request)
    row = get(public_id)
    reject_unexpected(data, ["notes"])
    if data.get("notes") is None:
        raise RazorpayError("The notes field is required", field="notes")
    row.notes = clean_notes(data["notes"])
    row.save(update_fields=["notes"])
    return row
