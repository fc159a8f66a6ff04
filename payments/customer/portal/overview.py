"""The portal's first page: what is due, what comes next, and what happened last."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import last_day_text, month_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_sums
from invoicing.models import Invoice
from invoicing.services.upcoming import upcoming_invoice
from payments.customer.portal.access import Portal, portal_page
from payments.customer.portal.rows import invoice_row, payment_row
from payments.models import Mandate, Payment
from payments.selectors import credit_of

LATEST = 5


@portal_page()
def overview(request: HttpRequest, portal: Portal) -> HttpResponse:
    today = clock.today(portal.organisation.time_zone)
    due = list(Invoice.objects.for_organisations(portal.actor).collectable().order_by("due_date", "number"))
    issued = Invoice.objects.for_organisations(portal.actor).exclude(number="")
    payments = Payment.objects.for_organisations(portal.actor).received()
    context = {
        "due": [invoice_row(portal, invoice, today) for invoice in due],
        "sums": _sums(due, today),
        "facts": [*_month(portal), *_money(portal)],
        "invoices": [invoice_row(portal, each, today) for each in issued.order_by("-finalized_at")[:LATEST]],
        "payments": [payment_row(portal, each) for each in payments.order_by("-attempted_at")[:LATEST]],
    }
    return portal.page(request, "portal/overview.html", context, at="portal")


def _sums(due: list[Invoice], today: Any) -> list[dict[str, str]]:
    """By currency: what is due, and what of it is overdue."""
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for invoice in due:
        sums[invoice.currency][0] += invoice.amount_due
        sums[invoice.currency][1] += invoice.amount_due if invoice.is_overdue(today) else ZERO
    return [
        {"due": format_money(all_due, code), "overdue": format_money(late, code) if late else ""}
        for code, (all_due, late) in sorted(sums.items())
    ]


def _month(portal: Portal) -> list[tuple[str, str, str]]:
    upcoming = upcoming_invoice(organisation=portal.organisation)
    so_far, later = upcoming.so_far, upcoming.projected
    facts = [
        (
            "Not billed yet",
            format_money(so_far.totals.total, so_far.currency),
            f"{month_text(upcoming.period)} so far, with tax",
        )
    ]
    if later is not None:
        note = f"An estimate; billed after {last_day_text(upcoming.period.end)}"
        facts.append(("Next bill, probably", format_money(later.totals.total, later.currency), note))
    return facts


def _money(portal: Portal) -> list[tuple[str, str, str]]:
    facts = []
    credit = [(payment.currency, payment.unallocated) for payment in credit_of(portal.organisation.pk)]
    if credit:
        facts.append(("On account", format_sums(credit), "Paid, and not used for an invoice yet"))
    mandates = Mandate.objects.for_organisations(portal.actor).standing().order_by("-created_at")
    facts += [("Automatic payment", each.get_status_display(), str(each)) for each in mandates[:1]]
    return facts
