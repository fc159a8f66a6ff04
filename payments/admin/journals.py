"""Journals: what waits for the accounting program, the export that takes it, and the batches that were exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    link,
    list_action,
    money,
    number,
    object_page,
    short_time,
)
from billing_platform.lib.admin.display import action_url, anchor
from billing_platform.lib.dates_in_words import days_text
from billing_platform.lib.http.downloads import file_response
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.admin.registers.span import last_month
from invoicing.models import CreditNote, Invoice
from invoicing.rates import BOOKS
from organisations.models import BillingEntity
from organisations.operators_clock import operators_today
from organisations.scoping import reaches_every_organisation
from payments.models import Dispute, JournalBatch, JournalFile, JournalItem, Payment, Payout, Refund
from payments.models.ledger_name import ROLES
from payments.services.journals.exporting import Journal, export_journal, journal

Kind = JournalItem.Kind
_SUBJECTS: dict[JournalItem.Kind, Any] = {
    Kind.INVOICE: Invoice,
    Kind.CREDIT_NOTE: CreditNote,
    Kind.VOID: Invoice,
    Kind.RECEIPT: Payment,
    Kind.REVERSAL: Payment,
    Kind.REFUND: Refund,
    Kind.FAILED_REFUND: Refund,
    Kind.DISPUTE: Dispute,
    Kind.DISPUTE_WON: Dispute,
    Kind.PAYOUT: Payout,
    Kind.FAILED_PAYOUT: Payout,
}
"""What a voucher books."""


class ExportForm(ActionForm):
    """Choosing otherwise reloads the page, because its facts are about what is chosen."""

    seller = forms.ModelChoiceField(BillingEntity.objects.order_by("-is_default", "name"), empty_label=None)
    program = forms.ChoiceField(choices=JournalBatch.Program.choices)
    first = forms.DateField(label="First day")
    last = forms.DateField(label="Last day", help_text="Documents and money of these days that no export had yet.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, last = last_month(operators_today())
        seller = BillingEntity.objects.order_by("-is_default", "name").first()
        for name, value in {"seller": seller, "program": "tally", "first": first, "last": last}.items():
            self.initial.setdefault(name, value)
            self.fields[name].widget.attrs["data-asks-again"] = ""


def once(request: Any) -> Journal | None:
    """What an export would hold: worked out once for all that the page says of it."""
    if not hasattr(request, "chosen_journal"):
        request.chosen_journal = _chosen(request)
    found: Journal | None = request.chosen_journal
    return found


def _chosen(request: HttpRequest) -> Journal | None:
    """What the form on the page has chosen, or what it offers first; None where that can't be."""
    form = ExportForm(initial=request.GET.dict())
    given = request.POST or {name: form.initial[name] for name in ("seller", "program", "first", "last")}
    seller = getattr(given["seller"], "pk", given["seller"]) if "seller" in given else None
    bound = ExportForm({**{name: given.get(name) for name in given}, "seller": seller, "once": form["once"].value()})
    if not bound.is_valid() or bound.cleaned_data["first"] > bound.cleaned_data["last"]:
        return None
    return journal(**bound.answers)


def _rupees(amount: Any) -> str:
    return format_money(amount, BOOKS)


def export_facts(request: HttpRequest, _none: Any) -> Iterator[tuple[str, Any]]:
    made = once(request)
    if made is None:
        return
    yield "Days", days_text(made.books.first, made.books.last)
    for kind, count in made.counts.items():
        yield kind.label, f"{count:,}"
    if made.fees_to_come:
        yield "Left for later", f"{made.fees_to_come:,} of which Razorpay has not named its fee yet"
    for ledger, amount in made.by_ledger.items():
        side = "credit" if amount > ZERO else "debit"
        yield ledger or "Customers", f"{_rupees(abs(amount))} {side}" if amount else _rupees(ZERO)
    yield "Debits, and the same in credits", _rupees(made.debit_total)


def export_obstacles(request: HttpRequest, _none: Any) -> Iterator[Any]:
    made = once(request)
    if made is None:
        return
    if made.missing:
        words = dict(ROLES)
        names = ", ".join(f"{words[role]} {sac}".strip() for role, sac in made.missing)
        url = action_url(made.books.seller, "name_ledgers")
        yield format_html('No ledger is named for: {}. <a class="text-link" href="{}">Name ledgers</a>', names, url)
    yield from made.obstacles


def export_warnings(request: HttpRequest, _none: Any) -> Iterator[str]:
    made = once(request)
    if made is None:
        yield "Choose a first day that is not after the last one."
    elif not made.voucher_count and not made.missing:
        yield "Nothing waits: everything of these days was exported before."
    elif made.by_hand:
        yield f"Zoho Books has no import for {made.by_hand:,} of them: by-hand.csv says what to do for each."


@admin.register(JournalBatch)
class JournalBatchAdmin(ReadOnlyAdmin):
    empty_hint = "Documents and money go into a file for Tally or Zoho Books by “Export”, each of them once."
    list_display = ("label", "seller", "vouchers", "debits", "exported", "exported_by")
    list_on_a_phone = ("label", "seller", "vouchers", "debits", "exported")
    list_filter = ("billing_entity", "program")
    list_select_related = ("billing_entity", "exported_by")
    fields = (
        "billing_entity", "program", "days", "vouchers", "debits", "exported", "exported_by", "fingerprint",
    )  # fmt: skip
    readonly_fields = fields
    related_lists = ((JournalItem, "batch__id__exact"),)

    seller = link("billing_entity", "Seller")
    vouchers = number("voucher_count", "Vouchers")
    debits = money("debit_total", "Debits")
    exported = short_time("created_at", "Exported")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A batch holds documents of all of a seller's customers."""
        return self.may(request, "view", obj) and reaches_every_organisation(request.user)

    @admin.display(description="Export", ordering="last_day")
    def label(self, batch: JournalBatch) -> str:
        return str(batch)

    @admin.display(description="Days")
    def days(self, batch: JournalBatch) -> str:
        return days_text(batch.first_day, batch.last_day)

    @admin.display(description="SHA-256")
    def fingerprint(self, batch: JournalBatch) -> str:
        return JournalFile.objects.values_list("sha256", flat=True).get(batch=batch)

    @list_action(
        label="Export",
        permission="payments.export_journals",
        form=ExportForm,
        confirm="Each document and payment goes into one export, once. An export can be downloaded again at any time.",
        facts=export_facts,
        warnings=export_warnings,
        obstacles=export_obstacles,
        icon="export_notes",
    )
    def export(
        self, request: HttpRequest, *, seller: BillingEntity, program: str, first: date, last: date
    ) -> HttpResponse:
        batch = export_journal(seller=seller, program=program, first=first, last=last, exported_by=request.user)
        self.log_addition(request, batch, "Exported.")
        return self.done(request, f"{batch.voucher_count:,} vouchers are exported: download the file here.", batch)

    @object_page(label="Download", permission="payments.view_journalbatch", icon="download")
    def download(self, request: HttpRequest, batch: JournalBatch) -> HttpResponse:
        return file_response(batch.file.name, bytes(batch.file.content), "application/zip")


@admin.register(JournalItem)
class JournalItemAdmin(ReadOnlyAdmin):
    empty_hint = "A voucher is one document, receipt or refund in an export."
    list_display = ("number", "kind", "customer", "day", "debit", "in_export")
    list_on_a_phone = ("number", "kind", "customer", "day", "debit")
    list_filter = ("kind", "program", "organisation")
    list_select_related = ("organisation", "batch")
    search_fields = ("number", "organisation__name")
    fields = ("number", "subject", "customer", "day", "debit", "in_export")
    readonly_fields = fields
    filtered_from_elsewhere = ("batch",)

    customer = link("organisation", "Customer")
    debit = money("amount", "Customer's debit")
    in_export = link("batch", "Export")

    @admin.display(description="Books")
    def subject(self, item: JournalItem) -> Any:
        subject = _SUBJECTS[Kind(item.kind)](pk=item.subject_id)
        return anchor(self, subject, item.get_kind_display())
