"""What somebody tries who wants another's money, another's secrets, or a page that runs a script."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.test.client import Client
from django.urls import reverse
from django.utils import timezone

from billing_platform.lib import hmac_signatures
from invoicing.models import Invoice
from invoicing.services.pay_page_links import renew_link
from organisations.models import AuditEntry, Notification, Organisation
from payments.inbox.processing import process_webhook
from payments.inbox.receiving import receive_webhook
from payments.models import (
    BankLine,
    Dispute,
    Mandate,
    MandateCharge,
    PayerAccount,
    Payment,
    PaymentOrder,
    PaymentRetry,
    Payout,
)
from payments.services import gateway_accounts
from payments.services.dunning.letters import queue_final_failure
from payments.services.payment_reports import apply_payment_report
from tests import factories
from tests.admin.conftest import signed_in
from tests.local.razorpay.harness import KEY_SECRET, SandboxProcess
from tests.payments.language import issued_invoice, open_order, payment_entity, reported
from tests.payments.test_bank_statements import row, upload

SCRIPT = "<script>alert(1)</script>"


def link_of(invoice: Invoice, razorpay_id: str = "plink_Test000000001") -> PaymentOrder:
    return PaymentOrder.objects.create(
        invoice=invoice,
        kind="link",
        amount=invoice.amount_due,
        currency=invoice.currency,
        amount_minor=int(invoice.amount_due * 100),
        status="open",
        next_attempt_at=None,
        razorpay_link_id=razorpay_id,
    )


def test_another_sellers_signature_teaches_a_link_nothing(invoice: Invoice) -> None:
    """Otherwise the true payments of the link would contradict what it was taught, and none would be credited."""
    link = link_of(invoice)
    other = factories.billing_entity(name="Other", gstin="", is_default=False)
    account = gateway_accounts.set_keys(
        seller=other, key_id="rzp_test_OtherSeller01", key_secret="sEcReT0fOther", webhook_secret="whsec_other"
    )
    price = {"amount": link.amount_minor, "currency": link.currency}
    payload = {
        "payment_link": {
            "entity": {"id": link.razorpay_link_id, "reference_id": link.receipt, "status": "paid"} | price
        },
        "payment": {"entity": payment_entity(link, "captured", order_id="order_OfTheAttacker")},
    }
    body = json.dumps({"event": "payment_link.paid", "payload": payload}).encode()
    signature = hmac_signatures.sign(body, "whsec_other")
    webhook = receive_webhook(body=body, signature=signature, event_id="e1", headers={}, account_id=account.pk)
    process_webhook(webhook_id=webhook.pk)
    webhook.refresh_from_db()
    link.refresh_from_db()
    assert (webhook.status, link.razorpay_order_id, Payment.objects.count()) == ("ignored", None, 0)


# --- what the customer's links give away ------------------------------------------------------------------------------


def test_the_audit_log_holds_no_token_of_a_customers_link(invoice: Invoice, acme: Organisation) -> None:
    renewed, charge = renew_link(invoice_id=invoice.pk), debit_of(invoice)
    logged = json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)), default=str)
    assert str(invoice.number) in logged
    assert invoice.public_token not in logged
    assert renewed.token not in logged
    assert charge.public_token not in logged


@pytest.mark.parametrize("page", ["pay", "document", "mandate", "debit"])
def test_customers_pages_are_stored_nowhere_found_nowhere_and_told_to_nobody(
    razorpay: SandboxProcess, invoice: Invoice, client: Client, page: str
) -> None:
    response = client.get(reverse(f"payments:{page}", kwargs={"token": invoice.public_token}))
    if page == "debit":
        assert response.status_code == 404  # an invoice's token opens no debit
        return
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "same-origin"  # the checkout's host hears of no token
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("claims", "signed"),
    [
        ({}, ("plink_Test000000001", "{receipt}", "paid", "pay_1", "wrong secret")),
        ({}, ("plink_Test000000001", "{receipt}", "cancelled", "pay_1", KEY_SECRET)),  # signed for another status
        ({}, ("plink_Test000000001", "", "paid", "pay_1", KEY_SECRET)),  # without our reference
        ({"razorpay_payment_id": "pay_2"}, ("plink_Test000000001", "{receipt}", "paid", "pay_1", KEY_SECRET)),
        ({"razorpay_payment_link_status": "paid|pay_1"}, ("plink_Test000000001", "{receipt}", "paid", "", KEY_SECRET)),
    ],
)
def test_a_forged_way_back_from_a_link_is_not_believed_and_leads_nowhere_else(
    razorpay: SandboxProcess, invoice: Invoice, client: Client, claims: dict[str, str], signed: tuple[str, ...]
) -> None:
    link = link_of(invoice)
    *parts, secret = (part.replace("{receipt}", link.receipt) for part in signed)
    query = {
        "razorpay_payment_id": "pay_1",
        "razorpay_payment_link_id": link.razorpay_link_id,
        "razorpay_payment_link_reference_id": link.receipt,
        "razorpay_payment_link_status": "paid",
        "razorpay_signature": hmac_signatures.sign("|".join(parts).encode(), secret),
        "next": "https://evil.example/",
    }
    response = client.get(reverse("payments:pay", kwargs={"token": invoice.public_token}), query | claims)
    assert response.status_code == 200
    assert "could not confirm your payment" in response.content.decode()
    assert b"evil.example" not in response.content
    assert not Payment.objects.exists()


def debit_of(invoice: Invoice) -> MandateCharge:
    account = PayerAccount.objects.create(
        organisation=invoice.organisation,
        billing_entity=invoice.billing_entity,
        email="payer@acme.example",
        phone="+919876543210",
    )
    mandate = Mandate.objects.create(
        account=account,
        method="upi",
        status="confirmed",
        max_amount=Decimal(5000),
        expires_at=timezone.now() + timedelta(days=365),
        razorpay_token_id="token_Test00000001",
        next_attempt_at=None,
    )
    charge: MandateCharge = MandateCharge.objects.create(
        invoice=invoice,
        mandate=mandate,
        cause="issued",
        status="refused",
        amount=invoice.amount_due,
        reason="It asks too much.",
        next_attempt_at=None,
    )
    return charge


# --- operators of one customer ----------------------------------------------------------------------------------------


@pytest.fixture
def of_all_customers(acme: Organisation, invoice: Invoice) -> list[tuple[Model, list[str]]]:
    """Rows that tell of all customers, with their verbs."""
    upload(acme, row(f"NEFT-ZZYZX-{invoice.number}", "1180.00", "1180.00", number="UTR20261120"))
    payout = Payout.objects.create(
        razorpay_payout_id="setl_Zzyzx000000001", status="processed", amount=Decimal(1), begun_at=timezone.now()
    )
    return [
        (BankLine.objects.get(), ["book", "set_aside", "take_up", "undo"]),
        (payout, ["download"]),
    ]


def test_money_of_all_customers_is_shut_to_an_operator_of_one(
    of_all_customers: list[tuple[Model, list[str]]], operator: Any
) -> None:
    browser = signed_in(operator)
    once = {"once": str(uuid.uuid4()), "reason": "x", "proposal": "", "invoice": "x"}
    for obj, verbs in of_all_customers:
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}"
        urls = [reverse(f"{name}_action", args=[obj.pk, verb]) for verb in verbs]
        urls += [reverse(f"{name}_change", args=[obj.pk]), reverse(f"{name}_changelist")]
        for url in urls:
            for answer in (browser.get(url), browser.post(url, once)):
                assert answer.status_code in (302, 403, 404, 405), (url, answer.status_code)
                assert "ZZYZX" not in answer.content.decode().upper()
    for verb in ("book_sure", "import"):
        url = reverse("admin:payments_bankline_changelist") + (f"actions/{verb}/" if verb != "import" else "import/")
        assert browser.post(url, once).status_code == 403
    assert browser.post(reverse("admin:payments_payout_list_action", args=["fetch"]), once).status_code == 403
    assert BankLine.objects.waiting().count() == 1


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_what_others_wrote_runs_on_no_page_and_in_no_mail(acme: Organisation, admin_user: Any, client: Client) -> None:
    """Names of customers and payers, the bank's narration, Razorpay's reasons, notes of operators."""
    Organisation.objects.filter(pk=acme.pk).update(name=f"Acme {SCRIPT}", legal_name=f"Acme {SCRIPT}")
    acme.refresh_from_db()
    invoice = issued_invoice(acme)
    order = open_order(invoice)
    failure = reported(order, "failed").failure
    report = reported(order, "failed", failure=type(failure)("BAD", SCRIPT, SCRIPT[:20], SCRIPT[:20], SCRIPT))
    failed = apply_payment_report(order_id=order.pk, report=report)
    paid = apply_payment_report(order_id=order.pk, report=reported(order, id="pay_Test0000000002"))
    now = timezone.now()
    dispute = Dispute.objects.create(
        payment=paid,
        razorpay_dispute_id="disp_Test000000001",
        status="open",
        amount=Decimal(1),
        currency="INR",
        raised_at=now,
        told_at=now,
        reason=SCRIPT,
        reason_code=SCRIPT,
        evidence_note=SCRIPT,
    )
    upload(acme, row(f"NEFT-{SCRIPT}", "1180.00", "1180.00", number="UTR20261120"))
    line = BankLine.objects.get()
    browser = signed_in(admin_user)
    seen = 0
    for obj in (failed, paid, dispute, line, invoice, acme):
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}"
        page = browser.get(reverse(f"{name}_change", args=[obj.pk])).content.decode()
        listed = browser.get(reverse(f"{name}_changelist")).content.decode()
        assert SCRIPT not in page + listed, name
        seen += "&lt;script&gt;" in page
    for name, pk, verb in [
        ("payment", paid.pk, "refund"),
        ("payment", paid.pk, "unallocate"),
        ("dispute", dispute.pk, "accept"),
        ("bankline", line.pk, "book"),
    ]:
        page = browser.get(reverse(f"admin:payments_{name}_action", args=[pk, verb])).content.decode()
        assert SCRIPT not in page, verb
        seen += "&lt;script&gt;" in page
    assert seen >= 8, "the pages show other things than this test believes"
    assert SCRIPT not in client.get(reverse("payments:pay", kwargs={"token": invoice.public_token})).content.decode()
    mails = Notification.objects.all()
    assert {mail.kind for mail in mails} >= {"payment_failed", "payment_received"}
    assert not [mail.kind for mail in mails if SCRIPT in mail.html or "\n" in mail.subject]


def test_a_line_break_in_a_name_starts_no_header_of_a_mail(acme: Organisation) -> None:
    """A form takes none; this is for rows that came another way."""
    Organisation.objects.filter(pk=acme.pk).update(legal_name="Acme\r\nBcc: thief@evil.example")
    invoice = issued_invoice(Organisation.objects.get(pk=acme.pk))
    order = open_order(invoice)
    failed = apply_payment_report(order_id=order.pk, report=reported(order, "failed"))
    plan = PaymentRetry.objects.get(payment=failed)
    queue_final_failure(plan, invoice)
    [mail] = Notification.objects.filter(subject__contains="Bcc:")
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
