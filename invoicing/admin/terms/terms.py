"""The base of the pages of fees, minimums and discounts: what is next, to end, to delete, and what saving would do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import ActionForm, ModelAdmin, badge
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.previewing import PreviewMixin
from billing_platform.lib.dates_in_words import last_day_text, month_text
from billing_platform.lib.number_formats import format_money
from invoicing.rates import BOOKS
from invoicing.services.terms.terms_preview import MonthPreview
from organisations.operators_clock import operators_today

_A_DAY = timedelta(days=1)


class EndForm(ActionForm):
    last_day = forms.DateField(help_text="On this day it holds for the last time, in the customer's time zone.")


def has_not_ended(row: Any) -> bool:
    return row.effective_to is None or row.effective_to > operators_today()


class TermsAdmin(PreviewMixin, ModelAdmin):
    """A row that an issued invoice has can only be ended, and the database insists on it: the page shows the rest."""

    ordering = ("-effective_from",)
    fill_in = "Fill in the form: what it would change on the next invoices is shown here."

    def is_fixed(self, row: Any) -> bool:
        """Whether an issued invoice has it."""
        raise NotImplementedError

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None or not self.is_fixed(obj):
            return ("preview",)
        lines = [line for _title, options in self.fieldsets for line in options["fields"]]
        fields = [name for line in lines for name in ((line,) if isinstance(line, str) else line)]
        return tuple(name for name in fields if name != "effective_to")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "currency" and field is not None and not getattr(self.model, "tenant_shared", False):
            field.required, field.help_text = False, "Empty: the customer's."
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A minimum has to name its currency; the others take the customer's."""
        currency = {"currency": BOOKS} if getattr(self.model, "tenant_shared", False) else {}
        return {"effective_from": operators_today(), **currency, **super().get_changeform_initial_data(request)}

    @admin.display(description="On the next invoices")
    def preview(self, row: Any) -> SafeString:
        return super().preview(row)

    # --- to end and to delete -------------------------------------------------------------------------------------

    def ended(self, request: HttpRequest, row: Any, last_day: date) -> str:
        self.update(request, row, {"effective_to": last_day + _A_DAY})
        return f"It ends on {last_day_text(last_day + _A_DAY)}."

    def gone(self, request: HttpRequest, sentence: str) -> HttpResponse:
        """The answer of an action that deleted the row: say so on the list."""
        messages.success(request, sentence)
        return HttpResponseRedirect(self._home(None))

    @admin.display(description="State")
    def state(self, row: Any) -> SafeString:
        today = operators_today()
        if row.effective_from > today:
            return badge("To come", "info")
        return badge("In force", "success") if has_not_ended(row) else badge("Ended")


def months_table(months: Iterable[MonthPreview]) -> SafeString | str:
    """For each month the lines that differ, and the invoice before tax with and without."""
    tables = format_html_join("", "{}", ((_month_table(month),) for month in months))
    return tables or "It is on no invoice to come: its last day lies before."


def _month_table(month: MonthPreview) -> SafeString:
    def money(amount: Any) -> str:
        return format_money(amount, month.currency)

    rows = [
        (line.description, money(line.amount), money(-line.discount) if line.discount else EMPTY)
        for line in month.lines
    ] or [("Nothing changes", EMPTY, EMPTY)]
    so_far = "" if month.is_over else ", by the usage so far"
    return format_html(
        '<div class="facts-scroll mb-4"><p class="mb-2">Invoice of {}{}</p><table class="facts"><thead><tr>'
        '<th>Line</th><th class="number">Amount</th><th class="number">Discount</th></tr></thead><tbody>{}</tbody>'
        '<tfoot><tr><th>Invoice before tax</th><td class="number" colspan="2">{}</td></tr>'
        '<tr><th>Without this</th><td class="number" colspan="2">{}</td></tr></tfoot></table></div>',
        month_text(month.period),
        so_far,
        format_html_join("", '<tr><td>{}</td><td class="number">{}</td><td class="number">{}</td></tr>', rows),
        money(month.with_it),
        money(month.without),
    )
