"""One line of an invoice, with the working behind its amount."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from billing_platform.lib.admin.base import ReadOnlyAdmin, link, money, numeric, object_page
from billing_platform.lib.admin.display import EMPTY, figure
from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.number_formats import format_money, format_price
from billing_platform.lib.periods import start_of_day
from events.usage.billed import events_counted, metric_named
from invoicing.admin.explain_line import explanation_page
from invoicing.lines import Line
from invoicing.models import InvoiceLine
from invoicing.steps import Step


@admin.register(InvoiceLine)
class InvoiceLineAdmin(ReadOnlyAdmin):
    """Reached from its invoice; not in the sidebar."""

    empty_hint = "Lines come with invoices."
    list_on_a_phone = ("invoice_link", "description", "quantity_text", "total")
    list_display = ("invoice_link", "position", "description", "kind", "quantity_text", "total")
    list_display_links = ("position", "description")  # the first column leads to the invoice
    list_filter = ("invoice__organisation", "kind")
    search_fields = ("invoice__number", "description", "metric_name")
    list_select_related = ("invoice",)
    ordering = ("-invoice__created_at", "position")
    fieldsets = (
        (None, {"fields": ("invoice", "working", "usage_links")}),
        ("Line", {"fields": ("kind", "project", "quantity_text", "price_text", "sac", "pricing_rule", "days")}),
    )

    invoice_link = link("invoice")
    total = money("amount", currency="invoice__currency")

    @object_page(label="Explain", permission="invoicing.view_invoiceline", icon="lightbulb")
    def explain(self, request: HttpRequest, line: InvoiceLine) -> HttpResponseBase:
        """The line down to its events, computed again."""
        return explanation_page(self, request, line, self.working(line))

    @numeric
    @admin.display(description="Quantity", ordering="quantity")
    def quantity_text(self, line: InvoiceLine) -> str:
        return quantity_text(line)

    @admin.display(description="Unit price")
    def price_text(self, line: InvoiceLine) -> Any:
        return unit_price(line)

    @admin.display(description="Usage of")
    def days(self, line: InvoiceLine) -> str:
        if line.service_start is None or line.service_end is None:
            return EMPTY
        return days_text(line.service_start, line.service_end - timedelta(days=1))

    @admin.display(description="Working")
    def working(self, line: InvoiceLine) -> Any:
        """Step by step, every amount in the invoice's currency; the last row is the line."""
        currency = line.invoice.currency
        rows = [_step_cells(step, currency) for step in line.steps]
        total = format_money(line.amount, currency)
        heads = ("Quantity", "Unit price", "Fee", "Amount")
        return format_html(
            '<div class="facts-scroll"><table class="facts"><thead><tr><th>{}</th>{}</tr></thead>'
            "<tbody>{}</tbody><tfoot><tr><th>Line, rounded</th>{}</tr>{}</tfoot></table></div>",
            line.description,
            format_html_join("", '<th class="number">{}</th>', ((head,) for head in heads)),
            format_html_join("", "<tr><td>{}</td>{}</tr>", rows),
            format_html_join("", '<td class="number">{}</td>', ((cell,) for cell in ("", "", "", total))),
            _discount_rows(line),
        )

    @admin.display(description="Usage behind it")
    def usage_links(self, line: InvoiceLine) -> Any:
        """The events that the line bills, and the metric in the explorer."""
        found = usage_behind(line)
        if found is None:
            return EMPTY
        explorer, ledger, count = found
        events = "1 event" if count == 1 else f"{count:,} events"
        return format_html(
            '<a class="text-link" href="{}">Usage of this metric in this month</a> · '
            '<a class="text-link" href="{}">The {}</a>',
            explorer,
            ledger,
            events,
        )


def quantity_text(line: Line | InvoiceLine, quantity: Decimal | None = None) -> str:
    """The line's quantity, or another one in the line's unit: "1,200 calls"."""
    return f"{figure(line.quantity if quantity is None else quantity)} {line.unit_label or line.unit}".strip()


def unit_price(line: InvoiceLine) -> Any:
    """The price of one, or of each tier and package that the quantity fell into."""
    currency = line.invoice.currency
    if line.unit_price is not None:
        return format_price(line.unit_price, currency)
    steps = [step for step in line.steps if step.unit_price]
    priced = [(figure(step.quantity), format_price(step.unit_price, currency)) for step in steps]
    return format_html_join(mark_safe("<br>"), "{} × {}", priced) or EMPTY


def discounts_of(line: InvoiceLine) -> Any:
    """What each discount takes off the line, with its name and terms."""
    currency = line.invoice.currency
    taken = [(format_money(-each.amount, currency), each.text) for each in line.line_discounts]
    return format_html_join(mark_safe("<br>"), "{} {}", taken) or EMPTY


def _discount_rows(line: InvoiceLine) -> SafeString:
    """Under the line's amount: what the discounts take off, and what is left to be taxed."""
    if not line.discounts:
        return SafeString()
    currency = line.invoice.currency
    rows = [(f"Discount: {each.text}", format_money(-each.amount, currency)) for each in line.line_discounts]
    rows.append(("Taxable value", format_money(line.amount - line.discount, currency)))
    return format_html_join("", '<tr><th>{}</th><td colspan="3"></td><td class="number">{}</td></tr>', rows)


def _step_cells(step: Step, currency: str) -> tuple[str, SafeString]:
    cells = (
        figure(step.quantity) if step.quantity else EMPTY,
        format_price(step.unit_price, currency) if step.unit_price else EMPTY,
        format_price(step.flat_fee, currency) if step.flat_fee else EMPTY,
        EMPTY if step.is_share or step.is_note else format_price(step.amount, currency),
    )
    row = format_html_join("", '<td class="number">{}</td>', ((cell,) for cell in cells))
    return step.description, row


def usage_behind(line: InvoiceLine) -> tuple[str, str, int] | None:
    """Addresses of the explorer and of the ledger's list for a usage line, and how many events the latter shows."""
    organisation, month = line.invoice.organisation, line.used_in
    metric = metric_named(organisation=organisation, name=line.metric_name, unit=line.unit)
    if metric is None or month is None or line.service_start is None or line.service_end is None:
        return None
    start, end = (
        start_of_day(day, organisation.zone).astimezone(organisation.zone)
        for day in (line.service_start, line.service_end)
    )
    ledger = {
        "organisation__id__exact": organisation.pk,
        "metric__id__exact": metric.pk,
        "happened": f"{start.isoformat()}/{end.isoformat()}",
    }
    if line.invoice.period_start:
        ledger["counted_in"] = f"{line.invoice.period_start:%Y-%m}"
    if line.project_id:
        ledger["project__id__exact"] = line.project_id
    if line.dimensions:
        ledger["dimensions"] = json.dumps(line.dimensions)
    last = line.service_end - timedelta(days=1)
    explorer = {
        "organisation": organisation.pk,
        "metric": metric.pk,
        "from": line.service_start.isoformat(),
        "to": last.isoformat(),
    }
    count = events_counted(
        organisation=organisation,
        metric=metric,
        start=start,
        end=end,
        counted_in=line.invoice.period_start,
        project_id=line.project_id,
        dimensions=line.dimensions,
    )
    pages = reverse("admin:events_usageaggregate_changelist"), reverse("admin:events_usageevent_changelist")
    return f"{pages[0]}?{urlencode(explorer)}", f"{pages[1]}?{urlencode(ledger)}", count
