"""How a discrepancy is mended: by a verb of the app that owns the numbers, and what is done where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from events.services.aggregates.rebuilding import rebuild_aggregates
from events.services.settling.again import settle_again
from invoicing.models import CreditNote, Invoice
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes import credit_note_delivery
from organisations.models import Organisation
from payments.models import PaymentOrder
from payments.services.catching_up import catch_up
from payments.services.payouts.fetching import read_again
from payments.services.recounting import recount_payment
from payments.services.relinking import lost_credits, relink_invoice
from reconciliation.findings import FindingKind
from reconciliation.models import Discrepancy


@dataclass(frozen=True, slots=True)
class Repair:
    """`does` is what the page says before it acts, `shows` what it is about to do in this case: label and value. `do`
    is safe to repeat, and raises DomainError where it can't."""

    does: str
    do: Callable[[Discrepancy], object]
    shows: Callable[[Discrepancy], Iterator[tuple[str, str]]] = lambda _discrepancy: iter(())


def _rebuild(discrepancy: Discrepancy) -> None:
    rebuild_aggregates(
        organisation=Organisation.objects.get(pk=str(discrepancy.organisation_id)),
        period=BillingPeriod.parse(discrepancy.facts["month"]),
        metric=Metric.objects.get(pk=discrepancy.facts["metric_id"]),
    )


def _settle_again(discrepancy: Discrepancy) -> None:
    settle_again(batch_id=UUID(discrepancy.facts["batch_id"]))


def _restore(discrepancy: Discrepancy) -> None:
    pk = UUID(discrepancy.facts["document_id"])
    if discrepancy.facts["noun"] == "Invoice":
        stored_pdfs.restore_pdf(Invoice.objects.get(pk=pk))
    else:
        credit_note_delivery.restore_pdf(CreditNote.objects.get(pk=pk))


def _relink(discrepancy: Discrepancy) -> None:
    relink_invoice(invoice_id=UUID(discrepancy.facts["invoice_id"]))


def _links(discrepancy: Discrepancy) -> Iterator[tuple[str, str]]:
    lost = lost_credits(invoice_id=UUID(discrepancy.facts["invoice_id"]))
    for each in lost:
        yield f"Payment {each.payment}", f"{each.payment.shown(each.amount)} of it are credited to the invoice again"
    if not lost:
        yield "Payments", "No payment lacks its credit: only the sum on the invoice is written anew"


def _recount_payment(discrepancy: Discrepancy) -> None:
    recount_payment(payment_id=UUID(discrepancy.facts["payment_id"]))


def _catch_up(discrepancy: Discrepancy) -> None:
    catch_up(order_id=UUID(discrepancy.facts["order_id"]), razorpay_payment_id=discrepancy.facts["payment_id"])


def _what_is_paid(discrepancy: Discrepancy) -> Iterator[tuple[str, str]]:
    order = PaymentOrder.objects.select_related("invoice").get(pk=discrepancy.facts["order_id"])
    invoice = order.invoice
    due = format_money(invoice.amount_due, invoice.currency)
    yield "Invoice now", f"{invoice}, {invoice.get_status_display().lower()}, {due} due"


def _read_payout(discrepancy: Discrepancy) -> None:
    read_again(key_id=discrepancy.facts["key_id"], razorpay_payout_id=discrepancy.facts["payout_id"])


_RESTORED = Repair(
    "The PDF is drawn again from the frozen document and stored, if its bytes are those that were stored. A file that "
    "was changed is set aside.",
    _restore,
)
_RECOUNTED = Repair(
    "What went back of the payment is counted again from its refunds and disputes; its invoices follow.",
    _recount_payment,
)

_SETTLED_AGAIN = Repair(
    "Its batch is settled again: what is missing in the ledger is counted now, in its own month or, where that is "
    "closed, as late usage; what was counted stays. The aggregates of these hours and the batch's numbers are written "
    "anew.",
    _settle_again,
)
_CAUGHT_UP = Repair(
    "The payment and its refunds are read from Razorpay, and recorded as if the messages about them had come: "
    "invoices, receipts and e-mails follow.",
    _catch_up,
    _what_is_paid,
)

_READ_AGAIN = Repair(
    "The payout and its lines are read from Razorpay: what is missing here is added, and lines are joined to payments, "
    "refunds and disputes that are recorded by now.",
    _read_payout,
)

REPAIRS: Mapping[str, Repair] = {
    FindingKind.EVENT_MISSING: _SETTLED_AGAIN,
    FindingKind.BATCH_COUNTS: _SETTLED_AGAIN,
    FindingKind.AGGREGATES_DIFFER: Repair(
        "The aggregates of this metric in this month are written anew, as the ledger has them.", _rebuild
    ),
    FindingKind.PDF_CHANGED: _RESTORED,
    FindingKind.PDF_LOST: _RESTORED,
    FindingKind.PAID_TOTAL: Repair(
        "Payments that are for the invoice and credited nowhere are credited to it again. Then what is paid of it is "
        "counted from what is credited.",
        _relink,
        _links,
    ),
    FindingKind.REFUNDED_TOTAL: _RECOUNTED,
    FindingKind.LOST_TOTAL: _RECOUNTED,
    FindingKind.PAYMENT_MISSING_HERE: _CAUGHT_UP,
    FindingKind.PAYMENT_BEHIND: _CAUGHT_UP,
    FindingKind.PAYMENT_FEE: _CAUGHT_UP,
    FindingKind.PAYMENT_REFUNDED: _CAUGHT_UP,
    FindingKind.REFUND_MISSING_HERE: _CAUGHT_UP,
    FindingKind.REFUND_BEHIND: _CAUGHT_UP,
    FindingKind.PAYOUT_MISSING_HERE: _READ_AGAIN,
    FindingKind.PAYOUT_BEHIND: _READ_AGAIN,
    FindingKind.PAYOUT_LINE_MISSING: _READ_AGAIN,
    FindingKind.PAYOUT_LINE_APART: _READ_AGAIN,
}

_FROM_A_BACKUP = (
    "Triggers keep these rows from being changed: somebody went around them. Compare with a backup, put the row back, "
    "and let the check run again."
)
_ASK_RAZORPAY = (
    "Look for it in Razorpay's dashboard under its id. If Razorpay is wrong, ask its support; if rows here were "
    "changed, put them back from a backup. Then let the check run again."
)

NEXT_STEPS: Mapping[str, str] = {
    FindingKind.BATCH_NOT_SETTLED: "Open Accepted requests, retry or discard the batches that are quarantined, and let "
    "the check run again.",
    FindingKind.BATCH_DAMAGED: "Open the batch: discard it with a reason, or restore it from a backup.",
    FindingKind.EVENT_DIFFERS: "Correct the event to the quantity that was accepted, then write this off: the ledger "
    "shows the entry and its correction for ever. Void it if anything but the quantity differs, and have it sent again "
    "under another id.",
    FindingKind.EVENT_UNEXPECTED: "Ask its sender. If it was never sent, void the event: this closes by itself then. "
    "If it was, its request is lost and the event is right: write this off.",
    FindingKind.USAGE_NOT_CHARGED: "If the aggregates are wrong too, repair them first. Else charge what is missing "
    "by a one-off invoice, or void the month's invoice (or credit it) and bill the month anew.",
    FindingKind.CHARGED_BEYOND_USAGE: "If the aggregates are wrong too, repair them first. Else give back what was too "
    "much by a credit note for the invoice.",
    FindingKind.LINE_WITHOUT_USAGE: "If the aggregates are wrong too, repair them first. Else give the line back by a "
    "credit note for the invoice.",
    FindingKind.REFUNDED_BEYOND: "Ask the customer for what went back twice, and write it off with what came of it: no "
    "sum here tells of it.",
    FindingKind.PAYMENT_MISSING_THERE: _ASK_RAZORPAY,
    FindingKind.PAYMENT_AMOUNT: _ASK_RAZORPAY,
    FindingKind.PAYMENT_AHEAD: _ASK_RAZORPAY,
    FindingKind.REFUND_MISSING_THERE: _ASK_RAZORPAY,
    FindingKind.REFUND_AMOUNT: _ASK_RAZORPAY,
    FindingKind.REFUND_AHEAD: _ASK_RAZORPAY,
    FindingKind.REQUEST_MISSING_THERE: "Nobody can pay through it. Look whether the keys are those of the account "
    "that it was made with; else open the invoice and create the payment request or link anew.",
    FindingKind.REQUEST_AMOUNT: "Open the invoice: what is due counts. If its request asks for another amount, "
    "refund what is paid too much, or ask for the rest.",
    FindingKind.PAYOUT_MISSING_THERE: _ASK_RAZORPAY,
    FindingKind.PAYOUT_DIFFERS: _ASK_RAZORPAY,
    FindingKind.PAYOUT_SUM: "Compare the lines with Razorpay's report of the day, and read the payout again "
    "once its account is set up.",
    FindingKind.PAYOUT_LINE_UNKNOWN: _ASK_RAZORPAY,
    FindingKind.PAYOUT_LINE_DIFFERS: _ASK_RAZORPAY,
    FindingKind.PAYOUT_LINE_NET: _ASK_RAZORPAY,
    FindingKind.PAYOUT_LINE_AMOUNT: "Open the payment or refund: the check of our payments and Razorpay's says whether "
    "it is right. If it is, ask Razorpay's support what was paid out.",
    FindingKind.NUMBER_MISSING: "Look for the document in a backup. A gap has to be explained to the tax officer: "
    "write it off with the explanation.",
}
"""For people, where no repair does it."""


def next_step(kind: str) -> str:
    return NEXT_STEPS.get(kind, _FROM_A_BACKUP)
