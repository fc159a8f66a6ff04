"""A customer's GSTIN is looked up on the GST portal from time to time: which are due, and noting that it was done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    Extension,
    extends,
    object_action,
    rows_action,
)
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.gst import state_name
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.number_formats import format_number
from organisations.models import Organisation
from organisations.selectors import customers_to_check
from organisations.services.gstin_checks import PORTAL, mark_gstins_checked

LOOK_UP = (
    "Look it up on the GST portal first: is it active, and is the legal name the customer's? With a wrong one the "
    "customer loses its input tax credit."
)


class CheckedForm(ActionForm):
    checked_on = forms.DateField(label="Checked on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["checked_on"].initial = clock.today(INDIAN_TIME)


class GstinCheckFilter(DropdownFilter):
    title, parameter_name = "GSTIN check", "gstin_check"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "Due")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "due":
            return queryset
        due = customers_to_check(actor=request.user, today=clock.today(INDIAN_TIME))
        return queryset.filter(pk__in=due.values("pk"))


def last_check(customer: Organisation) -> str:
    return day_text(customer.gstin_checked_on) if customer.gstin_checked_on else "Never"


def facts_of_one(_request: HttpRequest, customer: Organisation) -> Iterator[tuple[str, Any]]:
    yield "GSTIN", customer.gstin
    yield "Legal name", customer.legal_name
    yield "State", state_name(customer.state_code)
    yield "Last check", last_check(customer)
    yield (
        "GST portal",
        format_html('<a class="text-link" href="{}" rel="noopener noreferrer" target="_blank">Look it up</a>', PORTAL),
    )


def facts_of_many(_request: HttpRequest, rows: Any) -> Iterator[tuple[str, Any]]:
    with_gstin = rows.exclude(gstin="").count()
    yield "GSTINs", format_number(with_gstin)
    if without := rows.count() - with_gstin:
        yield "Left out, as they have none", format_number(without)


@extends(Organisation)
class GstinCheckOfCustomer(Extension):
    list_filter = (GstinCheckFilter,)

    @object_action(
        label="Mark GSTIN as checked",
        permission="organisations.change_organisation",
        when=lambda customer: bool(customer.gstin),
        form=CheckedForm,
        confirm=LOOK_UP,
        facts=facts_of_one,
        icon="verified",
    )
    def mark_checked(self, request: HttpRequest, customer: Organisation, *, checked_on: date) -> str:
        mark_gstins_checked(organisations=[customer.pk], on=checked_on)
        return f"{customer.gstin} was checked on {day_text(checked_on)}."

    @rows_action(
        label="Mark GSTINs as checked",
        permission="organisations.change_organisation",
        form=CheckedForm,
        confirm=LOOK_UP,
        facts=facts_of_many,
        icon="verified",
    )
    def mark_many_checked(self, request: HttpRequest, rows: Any, *, checked_on: date) -> str:
        done = mark_gstins_checked(organisations=list(rows.values_list("pk", flat=True)), on=checked_on)
        return f"{format_number(done)} marked as checked on {day_text(checked_on)}."
