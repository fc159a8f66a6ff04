"""What may be done to many invoices at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, Func, OuterRef, Q, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.periods import BillingPeriod
from invoicing.gst_heads import SupplyKind
from invoicing.models import BillingRunItem, CreditNote, Invoice, InvoiceDelivery, InvoiceLine
from invoicing.services import delivery, issuing, sending, voiding
from invoicing.services.approving import approve_invoice, stored_fingerprint
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.runs import billing_run
from invoicing.services.runs.reviewing import NO_DRAFT, approve_parked
from organisations.services.bulk.verbs import VERBS, BulkVerb, Options, Refusals, Undo

Status = Invoice.Status
NAME = Case(When(number="", then=Concat(Value("Draft for "), F("organisation__name"))), default=F("number"))
IS_ISSUED = ~Q(status__in=[Status.DRAFT, Status.VOID])
_NOT_ISSUED: Refusals = [
    (Q(status=Status.DRAFT), "It is a draft."),
    (Q(status=Status.VOID), "It is void."),
]


def _not_to_issue(_options: Options) -> Refusals:
    return [
        (~Q(status=Status.DRAFT), "It is no draft."),
        (~Q(warnings=[]), "It has warnings: look at it by itself."),
        (~Q(approval_needed=[]), "It needs an approval."),
    ]


def _not_to_approve(_options: Options) -> Refusals:
    return [(~Q(status=Status.DRAFT) | Q(approval_needed=[]), "It needs no approval.")]


def _not_to_deliver(_options: Options) -> Refusals:
    waits = InvoiceDelivery.objects.filter(pk=OuterRef("pk")).exclude(last_failure="")
    return [*_NOT_ISSUED, (~Exists(waits), "Nothing failed: its PDF is made, or being made.")]


def _not_to_void(_options: Options) -> Refusals:
    """As `voiding.why_not_voidable`; an IRN, and what else only the service knows, is said when its turn comes."""
    month = BillingPeriod.of(clock.today(INDIAN_TIME))
    of_this_month = Q(issue_date__gte=month.start, issue_date__lt=month.end) | Q(supply_kind=SupplyKind.NO_GST)
    return [
        *_NOT_ISSUED,
        (~Q(status__in=[Status.FINALIZED, Status.PAID], amount_paid=0, amount_credited=0), "It was paid or credited."),
        (Q(sent_at__isnull=False) & ~Q(total=0), "It was sent: a credit note takes it back."),
        (
            ~of_this_month & ~Q(total=0),
            "It is in the GST return of an earlier month: a credit note takes it back.",
        ),
    ]


def _not_to_credit(_options: Options) -> Refusals:
    return [*_NOT_ISSUED, (Q(amount_credited__gte=F("total")), "Nothing of it is left to credit.")]


def _not_to_discard(_options: Options) -> Refusals:
    item = BillingRunItem.Status
    return [
        (Q(status__in=[item.PENDING, item.CLAIMED]), "The run is still at work on it."),
        (Q(status=item.DONE), "Its invoice is issued, and stays."),
        (Q(status=item.SKIPPED), "There was nothing to bill."),
        (
            ~Q(status__in=billing_run.DISCARDABLE) | Q(invoice__isnull=True) | ~Q(invoice__status=Status.DRAFT),
            "It has no draft.",
        ),
    ]


def _not_to_recompute(_options: Options) -> Refusals:
    return [(~Q(status=BillingRunItem.Status.PARKED), "It is not parked any more.")]


def _not_to_let_out(options: Options) -> Refusals:
    """As `Reviewed.may_be_approved`."""
    lines = InvoiceLine.objects.filter(invoice=OuterRef("invoice"))
    return [
        *_not_to_recompute(options),
        (Q(invoice__total__lt=0), "Its total is negative: press Credit and finalize in its row."),
        (Q(invoice__isnull=False) & ~Exists(lines), "Nothing of it has a price."),
    ]


def _let_out(item_id: UUID, maker: Any, _options: Options) -> None:
    draft = Invoice.objects.filter(billing_run_items=item_id).first()
    approve_parked(
        item_id=item_id, approver=maker, fingerprint=NO_DRAFT if draft is None else stored_fingerprint(draft)
    )


def _approve(invoice_id: UUID, maker: Any, _options: Options) -> None:
    seen = stored_fingerprint(Invoice.objects.get(pk=invoice_id))
    approve_invoice(invoice_id=invoice_id, approver=maker, fingerprint=seen)


def _credit(invoice_id: UUID, _maker: Any, options: Options) -> None:
    why = Why(options.get("reason") or CreditNote.Reason.CORRECTION, options.get("reason_text", ""))
    issue_credit_note(invoice_id=invoice_id, lines=None, why=why)


_INVOICES: dict[str, Any] = {"model": Invoice, "name_of": NAME, "currency": F("currency")}

ISSUE = BulkVerb(
    name="invoices.finalize",
    label="Finalize",
    permission="invoicing.finalize_invoice",
    does="Each draft gets its number, is e-mailed to its customer, and never changes again.",
    act=lambda pk, _maker, _options: issuing.finalize_invoice(invoice_id=pk),
    refuses=_not_to_issue,
    amount=F("total"),
    keeps_amount=True,
    emails=True,
    undo=Undo("invoices.credit", lambda _options: {"reason": CreditNote.Reason.CORRECTION.value}),
    **_INVOICES,
)
APPROVE = BulkVerb(
    name="invoices.approve",
    label="Approve",
    permission="invoicing.approve_invoice",
    does="Each draft is approved exactly as it stands here. What a billing run keeps back is issued and e-mailed; the "
    "others can be finalized then.",
    act=_approve,
    refuses=_not_to_approve,
    amount=F("total"),
    keeps_amount=True,
    seen=Cast("updated_at", TextField()),
    undo=Undo("invoices.credit", lambda _options: {"reason": CreditNote.Reason.CORRECTION.value}),
    **_INVOICES,
)
SEND = BulkVerb(
    name="invoices.send",
    label="Send",
    permission="invoicing.send_invoice",
    does="Each invoice goes to those of its customer's recipients that no e-mail with it went to yet.",
    act=lambda pk, _maker, _options: sending.send_invoice(invoice_id=pk),
    refuses=lambda _options: _NOT_ISSUED,
    amount=F("total"),
    emails=True,
    undo="An e-mail that was sent can't be taken back.",
    **_INVOICES,
)
DELIVER = BulkVerb(
    name="invoices.deliver",
    label="Make PDF again and deliver",
    permission="invoicing.send_invoice",
    does="What failed is tried at once, with all its attempts before it: the PDF, then the e-mail with it.",
    act=lambda pk, _maker, _options: delivery.try_now(invoice_id=pk),
    refuses=_not_to_deliver,
    amount=F("total"),
    emails=True,
    undo="There is nothing to take back: the document stays what it is.",
    **_INVOICES,
)
VOID = BulkVerb(
    name="invoices.void",
    label="Void",
    permission="invoicing.void_invoice",
    does="The numbers stay taken, and the invoices ask for nothing any more. There is no way back.",
    act=lambda pk, _maker, options: voiding.void_invoice(invoice_id=pk, reason=options["reason"]),
    refuses=_not_to_void,
    amount=F("total"),
    undo="A void invoice stays void. Its month waits to be billed again: Continue on the page of its billing run.",
    danger=True,
    **_INVOICES,
)
CREDIT = BulkVerb(
    name="invoices.credit",
    label="Credit in full",
    permission="invoicing.issue_creditnote",
    does="A credit note takes back all that is left of each invoice, and is e-mailed to its customer.",
    act=_credit,
    refuses=_not_to_credit,
    amount=F("total") - F("amount_credited"),
    emails=True,
    undo="A credit note stands. What it took back by mistake is charged by a new invoice.",
    danger=True,
    **_INVOICES,
)


DISCARD_DRAFTS = BulkVerb(
    name="billing_items.discard_drafts",
    label="Discard drafts",
    title="Discard drafts of a billing run",
    model=BillingRunItem,
    permission="invoicing.create_invoice",
    does="Each draft is thrown away; no number is lost, nobody is told, and what is issued stays. The months stay "
    "open, and are billed anew when somebody continues the run.",
    act=lambda pk, _maker, options: billing_run.discard_draft(item_id=pk, reason=options["reason"]),
    refuses=_not_to_discard,
    name_of=F("organisation__name"),
    amount=F("invoice__total"),
    currency=Coalesce(F("invoice__currency"), Value("")),
    undo="A draft that is gone is computed anew: Continue on the page of its billing run.",
    danger=True,
)


_MONTHS: dict[str, Any] = {
    "model": BillingRunItem,
    "name_of": Concat(
        F("organisation__name"),
        Value(", "),
        Func(F("run__period_start"), Value("FMMonth YYYY"), function="to_char", output_field=TextField()),
        output_field=TextField(),
    ),
    "amount": F("invoice__total"),
    "currency": Coalesce(F("invoice__currency"), Value("")),
    "order": ("run__period_start", "organisation__name", "pk"),
}

LET_OUT = BulkVerb(
    name="months.approve",
    label="Approve",
    title="Approve months to review",
    permission="invoicing.approve_invoice",
    does="Each month is issued and e-mailed exactly as it stands here; one without usage ends without an invoice.",
    act=_let_out,
    refuses=_not_to_let_out,
    keeps_amount=True,
    seen=Coalesce(Cast(F("invoice__updated_at"), TextField()), Value(NO_DRAFT)),
    emails=True,
    undo="What was issued by mistake is credited on the list of invoices.",
    **_MONTHS,
)
RECOMPUTE = BulkVerb(
    name="months.recompute",
    label="Recompute",
    title="Recompute months to review",
    permission="invoicing.retry_billingrunitem",
    does="Each month is drafted again from today's usage and prices. Within its bounds it is issued and e-mailed; "
    "otherwise it is parked again.",
    act=lambda pk, _maker, _options: billing_run.retry_item(item_id=pk),
    refuses=_not_to_recompute,
    undo="There is nothing to take back: a draft always follows today's usage and prices.",
    **_MONTHS,
)


def register() -> None:
    for verb in (ISSUE, APPROVE, SEND, DELIVER, VOID, CREDIT, DISCARD_DRAFTS, LET_OUT, RECOMPUTE):
        VERBS.register(verb)
