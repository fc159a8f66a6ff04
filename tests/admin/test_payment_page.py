"""A payment's page tells what happened, and says why something can't be done; the invoice's page rules its links."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.selectors.pay_page_links import newest_access
from organisations.models import Notification, Organisation
from payments.models import Payment
from payments.services.payment_reports import apply_payment_report
from tests.admin.test_object_actions import act, action_url
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import deliver, issued_invoice, open_order, payment_entity, reported


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


def shown(client: Client, row: Any) -> str:
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return client.get(url).content.decode().replace("&#x27;", "'")


def in_order(text: str, *words: str) -> None:
    places = [text.index(word) for word in words]
    assert places == sorted(places), dict(zip(words, places, strict=True))


def test_the_page_tells_a_payments_story_and_leads_to_its_receipt(
    settings: Any, invoice: Invoice, as_operator: Client
) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    order = open_order(invoice)
    apply_payment_report(order_id=order.pk, report=reported(order, "failed", id="pay_Test0000000000"))
    deliver("payment.captured", {"payment": payment_entity(order, "captured")}, "evt_1")
    payment = Payment.objects.get(razorpay_payment_id="pay_Test0000000001")
    text = shown(as_operator, payment)
    story = text[text.index("What happened") :]
    for word in ("Another attempt: failed", "Tried", "Captured", "Credited", "Receipt mailed", "payment.captured"):
        assert word in story, word
    in_order(story, "Order made", "Receipt mailed")
    assert "Send link</strong>: It brought its money." in story
    assert "Reverse</strong>: Razorpay has it" in story
    receipt = as_operator.get(action_url(payment, "receipt"))
    assert receipt["Content-Type"] == "application/pdf"


def test_a_failed_payment_offers_to_send_a_link(invoice: Invoice, as_operator: Client) -> None:
    order = open_order(invoice)
    payment = apply_payment_report(order_id=order.pk, report=reported(order, "failed"))
    assert "Receipt</strong>: No money of it has arrived." in shown(as_operator, payment)
    act(as_operator, action_url(payment, "send_link"))
    mail = Notification.objects.get(kind="pay_page_link")
    assert newest_access(invoice).token in mail.text
    assert Client().get(reverse("payments:pay", kwargs={"token": invoice.public_token})).status_code == 200


def test_a_link_is_revoked_and_a_new_one_mailed_from_the_invoices_page(invoice: Invoice, as_operator: Client) -> None:
    assert "Good until" in shown(as_operator, invoice)
    act(as_operator, action_url(invoice, "revoke_link"), reason="Sent to a wrong address.")
    assert "Its links have ended or are revoked" in shown(as_operator, invoice)
    act(as_operator, action_url(invoice, "mail_link"), reason="")
    assert newest_access(invoice).is_open
    assert newest_access(invoice).token in Notification.objects.get(kind="pay_page_link").text
