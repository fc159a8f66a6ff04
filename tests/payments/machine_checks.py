"""What must hold after whatever happened to money: in SQL over the tables, without the program's own sums."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing_platform.lib import clock
from organisations.models import Organisation
from payments.models import Dispute, InboundWebhook, Payment, Refund
from payments.receivables.movements import balances
from payments.receivables.statement import statement
from reconciliation.checks import CHECKS
from reconciliation.findings import FindingKind, Tally, Window
from reconciliation.models import CheckName
from tests.local.razorpay.harness import SandboxProcess

_KEPT = """
    SELECT payment.*,
        CASE WHEN paid_at IS NULL OR status = 'reversed' THEN 0
             ELSE GREATEST(amount - payer_fee - amount_refunded - amount_lost, 0) END AS kept,
        (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE payment_id = payment.id) AS credited,
        (SELECT COALESCE(SUM(amount), 0) FROM payments_refund
         WHERE payment_id = payment.id AND status <> 'failed') AS went_back,
        (SELECT COALESCE(SUM(amount), 0) FROM payments_refund
         WHERE payment_id = payment.id AND status <> 'failed' AND asked_here) AS given_back
    FROM payments_payment payment
"""
_INVOICES = """
    SELECT invoice.*,
        (SELECT COALESCE(SUM(amount), 0) FROM payments_paymentallocation WHERE invoice_id = invoice.id) AS allocated,
        (SELECT COALESCE(SUM(total), 0) FROM invoicing_creditnote WHERE invoice_id = invoice.id) AS noted,
        total - amount_credited AS owed
    FROM invoicing_invoice invoice WHERE number <> ''
"""
# Each finds the rows that break a promise. What is given back in Razorpay's dashboard, nobody here can limit.
BROKEN: dict[str, str] = {
    "more is credited than is left of a payment": f"SELECT * FROM ({_KEPT}) p WHERE credited > kept",
    "more went back than came in": f"SELECT * FROM ({_KEPT}) p WHERE given_back > amount OR amount_refunded > amount",
    "a refund that is known is not counted": f"""
        SELECT * FROM ({_KEPT}) p WHERE amount_refunded < LEAST(went_back, amount)""",
    "less than nothing is credited": """
        SELECT payment_id, invoice_id FROM payments_paymentallocation
        GROUP BY payment_id, invoice_id HAVING SUM(amount) < 0""",
    "paid is not the sum of what is credited": f"""
        SELECT * FROM ({_INVOICES}) i WHERE amount_paid <> allocated OR amount_credited <> noted""",
    "an invoice has more than it asks for": f"""
        SELECT * FROM ({_INVOICES}) i
        WHERE amount_paid + amount_returned > owed OR amount_paid < 0 OR amount_returned < 0""",
    "a status does not fit the sums": f"""
        SELECT * FROM ({_INVOICES}) i WHERE status <> CASE
            WHEN voided_at IS NOT NULL THEN 'void'
            WHEN amount_refunded > 0 AND amount_paid = 0 AND amount_returned = owed THEN 'refunded'
            WHEN amount_refunded > 0 THEN 'partially_refunded'
            WHEN amount_credited > 0 AND owed = 0 THEN 'credited'
            WHEN amount_paid = owed THEN 'paid'
            WHEN amount_paid > 0 THEN 'partially_paid'
            ELSE 'finalized' END""",
    "a payment's status does not fit what went back": f"""
        SELECT * FROM ({_KEPT}) p
        WHERE paid_at IS NOT NULL AND status <> 'reversed'
            AND (status = 'refunded') <> (amount_refunded >= amount - payer_fee)""",
    "money that is credited to no invoice is not shown": f"""
        SELECT * FROM ({_KEPT}) p
        WHERE invoice_id IS NOT NULL AND paid_at IS NOT NULL AND (kept > credited) <> (problem <> '')""",
    "an invoice on which nothing is due is asked for": f"""
        SELECT * FROM ({_INVOICES}) i JOIN payments_paymentorder o ON o.invoice_id = i.id
        WHERE o.status IN ('created', 'open')
            AND (voided_at IS NOT NULL OR owed - amount_paid - amount_returned = 0)""",
    "a payment lacks what it did not lose": """
        SELECT payment.id FROM payments_payment payment LEFT JOIN payments_dispute dispute
            ON dispute.payment_id = payment.id AND dispute.returned_at IS NULL
        GROUP BY payment.id HAVING payment.amount_lost <> COALESCE(SUM(dispute.amount_taken), 0)""",
    "what an operator took off came back by itself": """
        SELECT back.id FROM payments_paymentallocation back JOIN payments_paymentallocation taken
            ON taken.payment_id = back.payment_id AND taken.invoice_id = back.invoice_id
        WHERE taken.kind = 'unallocated' AND back.kind IN ('restored', 'dispute_won')
            AND back.created_at > taken.created_at""",
    "money was given back that was not": f"""
        SELECT * FROM ({_INVOICES}) i WHERE amount_returned > (
            SELECT COALESCE(SUM(amount_refunded), 0) FROM payments_payment WHERE id IN (
                SELECT payment_id FROM payments_paymentallocation WHERE invoice_id = i.id))""",
    "a note of a refund is larger than the refund": """
        SELECT * FROM payments_refund refund JOIN invoicing_creditnote note ON note.id = refund.credit_note_id
        WHERE note.total > refund.amount""",
}
_BALANCE = f"""
    SELECT
        (SELECT COALESCE(SUM(total - noted), 0) FROM ({_INVOICES}) i WHERE voided_at IS NULL),
        (SELECT COALESCE(SUM(kept), 0) FROM ({_KEPT}) p),
        (SELECT COALESCE(SUM(kept - credited), 0) FROM ({_KEPT}) p)
"""


def check_sums() -> None:
    """All that is deferred to the end of a transaction, and each statement of BROKEN."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for promise, finds in BROKEN.items():
            cursor.execute(finds)
            assert not (rows := cursor.fetchall()), (promise, rows)


def check_account(customer: Organisation) -> None:
    """The balance is invoices − notes − payments, and the account says so, with each part of it."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE)
        asked, kept, not_credited = cursor.fetchone()
    seller = customer.billing_entity
    assert seller is not None
    day = clock.today(seller.time_zone)
    owed = balances(organisations=[customer.pk], seller=seller.pk, day=day).get((customer.pk, "INR"), Decimal(0))
    assert owed == asked - kept
    first = day - timedelta(days=400)
    for account in statement(organisation=customer, seller=seller, first=first, last=day).accounts:
        assert account.closing == owed
        assert account.not_credited == not_credited


_LEFT = """
    SELECT payment.id FROM payments_payment payment LEFT JOIN payments_dispute dispute
        ON dispute.payment_id = payment.id AND dispute.returned_at IS NULL
    WHERE paid_at IS NOT NULL
    GROUP BY payment.id
    HAVING GREATEST(payment.amount - payer_fee - amount_refunded - amount_lost, 0)
        <> GREATEST(payment.amount - payer_fee - amount_refunded - COALESCE(SUM(amount_deducted), 0), 0)
"""


def check_agreement(razorpay: SandboxProcess) -> None:
    """All is delivered and done: both sides tell the same of payments, refunds and disputes."""
    waiting = InboundWebhook.objects.exclude(status__in=["processed", "ignored"])
    assert not list(waiting.values_list("event_type", "last_failure"))
    client = razorpay.client()
    theirs: list[dict[str, Any]] = client.payment.all({"count": 100})["items"]
    ours = {row.razorpay_payment_id: row for row in Payment.objects.filter(kind="gateway")}
    assert {each["id"] for each in theirs} == set(ours)
    for each in theirs:
        row = ours[each["id"]]
        by_bank = sum(refund.amount for refund in row.refunds.filter(kind="bank"))
        there = (each["status"], each["amount"], min(each["amount_refunded"] + by_bank * 100, each["amount"]))
        status = row.status
        if by_bank and status == "refunded" and row.amount_refunded - by_bank < row.amount:
            status = each["status"]  # Razorpay knows nothing of the transfer
        if row.payer_fee and status == "refunded":
            status = each["status"]  # all but the fee
        assert (status, row.amount * 100, row.amount_refunded * 100) == there, each
    _agree_on_refunds(client)
    _agree_on_disputes(client)
    with connection.cursor() as cursor:
        cursor.execute(_LEFT)
        assert not (rows := cursor.fetchall()), ("less or more is left than Razorpay has", rows)


def _agree_on_refunds(client: Any) -> None:
    there = {(each["id"], each["amount"], each["status"]) for each in client.refund.all({"count": 100})["items"]}
    rows = Refund.objects.filter(kind="gateway")
    here = rows.exclude(razorpay_refund_id=None)
    assert {(row.razorpay_refund_id, row.amount * 100, row.status) for row in here} == there
    assert not rows.filter(razorpay_refund_id=None).exclude(status="failed").exists()


def _agree_on_disputes(client: Any) -> None:
    there = {
        (each["id"], each["amount"], each["amount_deducted"], each["status"])
        for each in client.dispute.all({"count": 100})["items"]
    }
    here = set()
    for row in Dispute.objects.all():
        deducted = 0 if row.status == "won" else row.amount_deducted * 100
        here.add((row.razorpay_dispute_id, row.amount * 100, deducted, row.status))
    assert here == there


def check_reconciliation() -> None:
    """Whatever was done, our own checks find nothing: but that more went back than came in, which people can do."""
    today = clock.now().date()
    for check in (CheckName.DOCUMENT_SUMS, CheckName.NUMBER_SERIES, CheckName.BALANCES):
        findings = CHECKS[check].find(Window(today - timedelta(days=1), today + timedelta(days=1)), Tally())
        assert [each for each in findings if each.kind != FindingKind.REFUNDED_BEYOND] == []
