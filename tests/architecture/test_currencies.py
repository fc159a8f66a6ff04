"""One list of currencies: that of billing_platform/lib/money.py, wherever a person or a program names one."""

from __future__ import annotations

import re
from typing import Any

from django.apps import apps
from django.db.models import CharField
from rest_framework import serializers

from billing_platform.lib.money import CURRENCIES
from billing_platform.lib.validators import validate_currency
from invoicing.exchange import NAMES, publisher
from payments.gateways.payable_amounts import CURRENCIES as PAYABLE
from tests.architecture.code import APPS

COPIED = {
    "invoicing.InvoiceApproval",  # from the invoice
    "invoicing.Invoice",  # from the customer
    "invoicing.CreditNote",  # from the invoice
    "payments.PaymentOrder",
    "payments.Payment",
    "payments.Refund",
}
"""Rows whose currency nobody types."""


def _currency_fields() -> list[CharField[Any, Any]]:
    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    named = [(model, field) for model in models for field in model._meta.concrete_fields]
    return [
        field
        for model, field in named
        if re.search(r"(^|_)currency$", field.name) or (model._meta.model_name, field.name) in _PAIR
    ]


_PAIR = {("exchangerate", "base"), ("exchangerate", "target")}


def test_every_currency_that_is_typed_is_checked_against_the_list() -> None:
    fields = _currency_fields()
    assert len(fields) > 6
    unchecked = {
        field.model._meta.label
        for field in fields
        if field.max_length == 3 and validate_currency not in field.validators
    }
    assert unchecked <= COPIED


def test_every_currency_of_a_request_is_checked_against_the_list() -> None:
    """A field that is read (not only shown) names its validator."""
    unchecked = [
        f"{kind.__name__}.{name}"
        for kind in _all(serializers.Serializer)
        if kind.__module__.split(".")[0] in APPS
        for name, field in kind._declared_fields.items()
        if name in ("currency", "base", "target")
        and getattr(field, "max_length", None) is not None
        and validate_currency not in field.validators
    ]
    assert not unchecked


def _all(kind: Any) -> set[Any]:
    return {*kind.__subclasses__(), *(deeper for each in kind.__subclasses__() for deeper in _all(each))}


def test_what_razorpay_collects_is_a_part_of_the_list() -> None:
    assert PAYABLE < CURRENCIES


def test_each_feed_has_a_publisher() -> None:
    assert all(publisher(name).source for name in NAMES)
