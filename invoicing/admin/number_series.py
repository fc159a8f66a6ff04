"""Number series: which numbers were given, that none is missing, and how a seller's next documents are numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    attention_filter,
    badge,
    extends,
    numeric,
    object_action,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.document_numbers import SEPARATORS, YEARS, last_number
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.periods import next_financial_year_start
from invoicing.models import Invoice, NumberSequence
from invoicing.selectors.number_series import SeriesReport, series_reports
from invoicing.services.numbering import expected_number, registration_of, taken_series
from organisations.models import BillingEntity
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation
from organisations.services import sellers

NUMBERS = ("invoice_prefix", "credit_note_prefix", "number_separator", "number_year", "number_width")
CSV_COLUMNS = (
    "seller", "gstin", "series", "numbers", "financial_year", "first", "last", "documents", "void", "missing",
    "missing_numbers", "next_number", "numbers_left", "counter_agrees",
)  # fmt: skip

AttentionFilter = attention_filter(
    nearly_full=("Nearly full", lambda sequences, _user: sequences.nearly_full(on=operators_today())),
)


@admin.register(NumberSequence)
class NumberSequenceAdmin(ReadOnlyAdmin):
    """The report that rule 46 asks for: consecutive numbers. It compares the counters with the documents each time it
    is shown."""

    empty_hint = "A series begins with the first invoice of a seller's financial year."
    list_display = ("series", "under", "kind")
    list_on_a_phone = ("series", "under", "documents", "gaps")
    list_filter = (AttentionFilter, "billing_entity", "kind")
    list_select_related = ("billing_entity",)
    list_before_template = "admin/invoicing/number_series.html"
    fields = ("billing_entity", "under", "series", "kind", "financial_year", "next_number")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        found = {each.sequence.pk: each for each in series_reports(NumberSequence.objects.all())}
        return [*super().get_list_display(request), *_columns(lambda sequence: found[sequence.pk])]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        reports = series_reports(NumberSequence.objects.select_related("billing_entity"))
        if request.GET.get("format") == "csv" and self.has_view_permission(request):
            return csv_response("number-series", [CSV_COLUMNS, *map(_csv_row, reports)])
        verdict = {
            "series_count": len(reports),
            "document_count": sum(each.issued for each in reports),
            "missing_count": sum(each.missing_count for each in reports),
            "all_agree": all(each.agrees for each in reports),
        }
        return super().changelist_view(request, {**verdict, **(extra_context or {})})

    @admin.display(description="GSTIN", ordering="registration")
    def under(self, sequence: NumberSequence) -> str:
        return _gstin(sequence) or EMPTY

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A series tells how many documents the seller has issued to all customers."""
        return self.may(request, "view") and reaches_every_organisation(request.user)


def _gstin(sequence: NumberSequence) -> str:
    return sequence.registration if sequence.registration != str(sequence.billing_entity_id) else ""


def _columns(report_of: Callable[[NumberSequence], SeriesReport]) -> list[Any]:
    """The columns of the report, which is made once for all rows of the page."""

    @admin.display(description="First")
    def first(sequence: NumberSequence) -> str:
        return report_of(sequence).first or EMPTY

    @admin.display(description="Last")
    def last(sequence: NumberSequence) -> str:
        return report_of(sequence).last or EMPTY

    @admin.display(description="Documents")
    def documents(sequence: NumberSequence) -> str:
        return format_number(report_of(sequence).issued)

    @admin.display(description="Void")
    def void(sequence: NumberSequence) -> str:
        return format_number(report_of(sequence).void)

    @admin.display(description="Gaps")
    def gaps(sequence: NumberSequence) -> Any:
        report = report_of(sequence)
        if report.agrees:
            return badge("No gaps", "success")
        return badge(f"{report.missing_count:,} missing: {_named(report)}", "danger")

    @admin.display(description="Numbers left")
    def left(sequence: NumberSequence) -> Any:
        report = report_of(sequence)
        text = format_number(report.left)
        return badge(f"{text} left", "warning") if report.is_nearly_full else text

    numbers: list[Any] = [documents, void, left]
    for column in numbers:
        numeric(column)
    return [first, last, documents, void, gaps, left]


def _named(report: SeriesReport) -> str:
    more = ", …" if report.missing_count > len(report.missing) else ""
    return ", ".join(str(number) for number in report.missing) + more


def _csv_row(report: SeriesReport) -> list[Any]:
    sequence = report.sequence
    return [
        sequence.billing_entity.name, _gstin(sequence), sequence.series, sequence.get_kind_display(),
        sequence.financial_year, report.first, report.last, report.issued, report.void, report.missing_count,
        _named(report), sequence.next_number, report.left, "yes" if report.agrees else "no",
    ]  # fmt: skip


# --- how a seller's documents are numbered --------------------------------------------------------------------------


class NumbersForm(ActionForm):
    """Choosing otherwise reloads the page, because its facts are about what is chosen. `obj` is the seller."""

    invoice_prefix = forms.CharField(max_length=20)
    credit_note_prefix = forms.CharField(max_length=20)
    number_year = forms.ChoiceField(label="Financial year", choices=list(YEARS.items()))
    number_separator = forms.ChoiceField(label="Separator", choices=list(SEPARATORS.items()))
    number_width = forms.IntegerField(
        label="Digits", help_text="Of the running number: a shorter one gets zeros before it."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NUMBERS:
            self.fields[name].initial = getattr(self.obj, name)
            self.fields[name].widget.attrs["data-asks-again"] = ""

    def clean(self) -> dict[str, Any]:
        """Refusals at their fields."""
        answers: dict[str, Any] = super().clean() or {}
        if not self.errors:
            for name, sentences in _against(_with(self.obj, answers)).items():
                self.add_error(name if name in self.fields else None, sentences)
        return answers


def _with(seller: BillingEntity, values: Any) -> BillingEntity:
    """The seller as it would be."""
    proposed = copy(seller)
    for name in NUMBERS:
        setattr(proposed, name, values.get(name, getattr(seller, name)))
    return proposed


def _proposed(request: HttpRequest, seller: BillingEntity) -> BillingEntity:
    proposed = _with(seller, request.POST or request.GET)
    width = str(proposed.number_width)
    proposed.number_width = int(width) if width.isascii() and width.isdigit() else 0
    return proposed


def _against(proposed: BillingEntity) -> dict[str, list[str]]:
    """What speaks against the numbers, by field."""
    found: dict[str, list[str]] = {}
    try:
        proposed.full_clean()
    except ValidationError as error:
        found |= {name: sentences for name, sentences in error.message_dict.items() if name in NUMBERS}
    if not found:
        for name, sentence in taken_series(proposed):
            found.setdefault(name, []).append(sentence)
    return found


def numbers_facts(request: HttpRequest, seller: BillingEntity) -> Iterator[tuple[str, Any]]:
    """Now and as chosen, as they will be printed."""
    proposed = _proposed(request, seller)
    today = clock.today(seller.time_zone)
    for words, kind in (("invoice", "invoice_prefix"), ("credit note", "credit_note_prefix")):
        yield f"Next {words} now", _next(seller, kind, today)
        if not _against(proposed):
            yield f"Next {words} as chosen", _next(proposed, kind, today)
    if not _against(proposed):
        year = next_financial_year_start(today)
        yield f"First invoice from {day_text(year)} on", _next(proposed, "invoice_prefix", year)
        series = proposed.number_style.series(proposed.invoice_prefix, today)
        yield "Invoices in a year, at most", format_number(last_number(series))


def _next(seller: BillingEntity, prefix: str, on: date) -> str:
    return expected_number(billing_entity=seller, on=on, series=getattr(seller, prefix))


def numbers_warnings(request: HttpRequest, seller: BillingEntity) -> Iterator[str]:
    proposed = _proposed(request, seller)
    against = _against(proposed)
    yield from (sentence for sentences in against.values() for sentence in sentences)
    if against:
        return
    today = clock.today(seller.time_zone)
    before, after = (
        {each.number_style.series(prefix, today) for prefix in (each.invoice_prefix, each.credit_note_prefix)}
        for each in (seller, proposed)
    )
    begun = NumberSequence.objects.filter(registration=registration_of(seller), series__in=before - after)
    for sequence in begun:
        yield (
            f"The series {sequence.series} ends before the financial year does. Rule 46 allows several series in a "
            "year; the GST return lists each of them."
        )


@extends(BillingEntity)
class NumbersOfSeller(Extension):
    related_lists = ((NumberSequence, "billing_entity__id__exact"), (Invoice, "billing_entity__id__exact"))

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None:
            return shown
        today = clock.today(obj.time_zone)
        following = f"{_next(obj, 'invoice_prefix', today)} and {_next(obj, 'credit_note_prefix', today)}"
        words = f"Next: {following}. “Change numbers” above says how they are written."
        return [
            (title, {**options, "description": words} if title == "Numbers" else options) for title, options in shown
        ]

    @object_action(
        label="Change numbers",
        permission="organisations.change_billingentity",
        form=NumbersForm,
        confirm="Issued documents keep their numbers. The next ones are numbered as chosen here.",
        facts=numbers_facts,
        warnings=numbers_warnings,
        icon="tag",
    )
    def change_numbers(self, request: HttpRequest, seller: BillingEntity, **numbers: Any) -> str | HttpResponse:
        changed = sellers.update_seller(seller=seller, **numbers)
        following = partial(_next, changed, on=clock.today(changed.time_zone))
        return (
            f"The next invoice is {following('invoice_prefix')}, the next credit note "
            f"{following('credit_note_prefix')}, unless another one takes the number first."
        )
