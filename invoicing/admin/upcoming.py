"""Adds to a customer's page: the upcoming invoice, this month so far and as it will probably be. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib import clock
from billing_platform.lib.admin.base import Extension, badge, extends, object_page
from billing_platform.lib.admin.display import action_url
from billing_platform.lib.admin.tiles import Tile
from billing_platform.lib.dates_in_words import last_day_text, month_text, time_text
from billing_platform.lib.money import ZERO, with_places
from billing_platform.lib.number_formats import decimal_places, format_money, format_percent, format_price
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.invoice_line import quantity_text
from invoicing.admin.mends import Warned, warning_text
from invoicing.computing.invoice import Computed
from invoicing.draft_warnings import DraftWarning
from invoicing.lines import Line
from invoicing.models import Invoice
from invoicing.services.upcoming import Upcoming, upcoming_invoice
from organisations.models import Organisation
from organisations.operators_clock import operators_zone


@extends(Organisation)
class UpcomingInvoiceOfOrganisation(Extension):
    def tiles(self, request: HttpRequest, obj: Organisation) -> Iterator[Tile]:
        """What the month would cost by now and will probably come to, and when it is billed: all with tax."""
        user: Any = request.user
        if not user.has_perm("invoicing.view_invoice", obj):
            return
        upcoming = upcoming_invoice(organisation=obj)
        href, currency = action_url(obj, "upcoming_invoice"), upcoming.so_far.currency
        so_far = format_money(upcoming.so_far.totals.total, currency)
        before = _billed_before(obj, upcoming.period)
        yield Tile("Unbilled so far", (so_far,), f"{month_text(upcoming.period)}, with tax", href, more=before)
        if upcoming.projected:
            later = format_money(upcoming.projected.totals.total, currency)
            note = f"to be invoiced after {last_day_text(upcoming.period.end)}"
            yield Tile("Next invoice, probably", (later,), note, href)

    @object_page(label="Upcoming invoice", permission="invoicing.view_invoice", icon="update")
    def upcoming_invoice(self, request: HttpRequest, organisation: Organisation) -> HttpResponse:
        upcoming = upcoming_invoice(organisation=organisation)
        page = Warned(organisation, upcoming.period, request.path)
        context = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"Upcoming invoice of {organisation}",
            "object": organisation,
            "month": month_text(upcoming.period),
            "last_day": last_day_text(upcoming.period.end),
            "now": time_text(clock.now(), operators_zone()),
            "totals": _totals(upcoming),
            "projected": upcoming.projected is not None,
            "lines": _lines(upcoming),
            "warnings": [_marked(warning, page) for warning in upcoming.so_far.warnings],
            "draft": Invoice.objects.billing()
            .filter(organisation=organisation, period_start=upcoming.period.start)
            .first(),
        }
        return TemplateResponse(request, "admin/invoicing/upcoming.html", context)


def _billed_before(organisation: Organisation, period: BillingPeriod) -> tuple[str, ...]:
    """What the month before came to, once it is billed."""
    before = period.previous()
    issued = Invoice.objects.filter(organisation=organisation, period_start=before.start).issued().billing()
    return tuple(f"{format_money(each.total, each.currency)} in {month_text(before)}" for each in issued)


def _marked(warning: DraftWarning, page: Warned) -> SafeString:
    mark = badge("Blocks", "danger") if warning.blocks else badge("Warns", "warning")
    return format_html("{} {}", mark, warning_text(warning, page))


def _totals(upcoming: Upcoming) -> list[tuple[str, str, str]]:
    """Subtotal, taxes and total: so far, and as they will probably be."""
    so_far = _sums(upcoming.so_far)
    later = _sums(upcoming.projected) if upcoming.projected else {}
    zero = format_money(ZERO, upcoming.so_far.currency)
    return [(name, so_far.get(name, zero), later.get(name, zero)) for name in dict.fromkeys([*so_far, *later])]


def _sums(computed: Computed) -> dict[str, str]:
    totals, currency = computed.totals, computed.currency
    rows = {"Subtotal": totals.subtotal}
    rows |= {"Discount": -totals.discount_total} if totals.discount_total else {}
    rows |= {f"{tax.name} {format_percent(tax.rate)}": tax.amount for tax in totals.taxes}
    rows |= {"Total": totals.total}
    return {name: format_money(amount, currency) for name, amount in rows.items()}


def _lines(upcoming: Upcoming) -> list[dict[str, str]]:
    """Each line so far, with what it will probably come to. A line that only the rest of the month brings follows."""
    later = {_key(line): line for line in upcoming.projected.lines} if upcoming.projected else {}
    currency = upcoming.so_far.currency
    rows = [_row(line, line, later.pop(_key(line), None), currency) for line in upcoming.so_far.lines]
    return [*rows, *(_row(line, None, line, currency) for line in later.values())]


def _key(line: Line) -> tuple[object, ...]:
    return line.kind, line.description, line.project_id, line.pricing_rule_id, line.used_in, line.service_start


def _row(shown: Line, so_far: Line | None, later: Line | None, currency: str) -> dict[str, str]:
    return {
        "description": shown.description,
        "quantity": _quantity(so_far),
        "unit_price": format_price(shown.unit_price, currency) if shown.unit_price is not None else "",
        "amount": format_money(so_far.amount, currency) if so_far else "",
        "later_quantity": _quantity(later, places_of=so_far),
        "later": format_money(later.amount, currency) if later else "",
    }


def _quantity(line: Line | None, *, places_of: Line | None = None) -> str:
    """An estimate has as many decimals as the quantity so far: there is no half call."""
    if line is None:
        return ""
    if places_of is None or line.quantity == places_of.quantity:
        return quantity_text(line)
    return quantity_text(line, with_places(line.quantity, decimal_places(places_of.quantity)))
