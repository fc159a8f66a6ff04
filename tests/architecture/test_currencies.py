"""One list of currencies: that of billing_platform/lib/money.py, wherever a person or a program names one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import CharField
from django.test.client import RequestFactory
from django.urls import get_resolver
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
    "invoicing.UsageWriteOff",  # from the customer
    "invoicing.SimulatedCustomer",  # from the customer
    "payments.PaymentOrder",
    "payments.Payment",
    "payments.Refund",
    "payments.Cheque",
    "payments.Dispute",  # from the payment
    "payments.BankLine",  # from its statement
    "organisations.BulkItem",  # from the row of the list
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
_NAMES = re.compile(r"(^|_)currency$|^base$|^target$")


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
    """A field that is read (not only shown) names its validator, or is a list; and no list has another code."""
    get_resolver().url_patterns  # noqa: B018  (reads every API, so that its serializers are known)
    unchecked, seen = [], 0
    for kind in _all(serializers.Serializer):
        if kind.__module__.split(".")[0] not in APPS:
            continue
        for name, field in kind().get_fields().items():
            values = _codes(field.choices.items()) if isinstance(field, serializers.ChoiceField) else set()
            is_known = values <= CURRENCIES if _is_of_currencies(values) else validate_currency in field.validators
            if (_is_of_currencies(values) or _NAMES.search(name)) and not field.read_only:
                seen += 1
                if getattr(field, "max_length", None) is not None or values:
                    unchecked += [] if is_known else [f"{kind.__name__}.{name}"]
    assert seen > 5
    assert not unchecked


def _all(kind: Any) -> set[Any]:
    return {*kind.__subclasses__(), *(deeper for each in kind.__subclasses__() for deeper in _all(each))}


def test_what_razorpay_collects_is_a_part_of_the_list() -> None:
    assert PAYABLE < CURRENCIES


def test_each_feed_has_a_publisher() -> None:
    assert all(publisher(name).source for name in NAMES)


def _codes(choices: Any) -> set[str]:
    """The values of a list of choices, those within groups too."""
    found: set[str] = set()
    for value, label in choices:
        found |= _codes(label) if isinstance(label, list | tuple) else {str(value)}
    return found


def _is_of_currencies(values: set[str]) -> bool:
    return bool({"INR", "USD"} & values)


def _forms(user: Any) -> Iterator[tuple[str, Any]]:
    """Each form of the admin by its name: those that add, those of actions, and all others."""
    request = RequestFactory().get("/")
    request.user = user
    for model, page in admin.site._registry.items():
        if model._meta.app_label not in APPS:
            continue
        if page.has_add_permission(request):
            yield f"{model.__name__} page", page.get_form(request)
        for action in page.admin_actions.values():
            if action.form is not None:
                yield f"{model.__name__} {action.name}", action.form
    for form in _all(forms.Form):
        if form.__module__.split(".")[0] in (*APPS, "billing_platform"):
            yield form.__qualname__, form


@pytest.mark.django_db
def test_every_form_of_the_admin_lets_choose_these_currencies_only(admin_user: Any) -> None:
    """A field that is called so is a list or has the validator; a list with a currency has no other code in it."""
    lists, loose = set(), set()
    for name, form in _forms(admin_user):
        for field_name, field in form.base_fields.items():
            values = (
                _codes(field.choices) - {""} if type(field) in (forms.ChoiceField, forms.TypedChoiceField) else set()
            )
            if _is_of_currencies(values):
                lists.add(field_name)
                assert values <= CURRENCIES, f"{name}: {field_name}"
            elif re.search(r"(^|_)currency$", field_name) and validate_currency not in field.validators:
                loose.add(f"{name}: {field_name}")
    assert {"currency", "base", "target"} <= lists
    assert not loose
