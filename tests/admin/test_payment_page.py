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
from tests.payments.test_crediting import offline


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
    text = shown(as_operator, payment)
    not_possible = text[text.index("Refund, receipt, credit to invoices</strong>: No money of it has arrived.") :]
    ways = [(payment, "retry"), (payment, "send_link"), (invoice, "create_link"), (invoice, "record_payment")]
    for row, name in ways:  # each leads on, with one click
        assert f'href="{action_url(row, name)}"' in not_possible
        assert as_operator.get(action_url(row, name)).status_code == 200
    act(as_operator, action_url(payment, "send_link"))
    mail = Notification.objects.get(kind="pay_page_link")
    assert newest_access(invoice).token in mail.text
    assert Client().get(reverse("payments:pay", kwargs={"token": invoice.public_token})).status_code == 200


def test_who_may_only_look_is_told_why_and_gets_no_buttons(invoice: Invoice, as_viewer: Client) -> None:
    order = open_order(invoice)
    payment = apply_payment_report(order_id=order.pk, report=reported(order, "failed"))
    text = shown(as_viewer, payment)
    assert "No money of it has arrived." in text
    assert 'class="mend"' not in text


def test_what_waits_on_a_payment_leads_to_a_refund_and_what_is_credited_can_be_taken_off(
    invoice: Invoice, as_operator: Client
) -> None:
    payment = offline(invoice, "1180")
    text = shown(as_operator, payment)
    assert "Razorpay did not receive this payment: transfer the money back" in text
    assert f'class="mend" href="{action_url(payment, "unallocate")}"' in text
    act(as_operator, action_url(payment, "unallocate"), invoice=str(invoice.pk), reason="Of another customer.")
    offline(invoice, "1180", reference="UTR-2")
    text = shown(as_operator, payment)
    assert "no other invoice on which something is due" in text
    assert f'class="mend" href="{action_url(payment, "record_refund")}"' in text


def test_a_link_is_revoked_and_a_new_one_mailed_from_the_invoices_page(invoice: Invoice, as_operator: Client) -> None:
    assert "Good until" in shown(as_operator, invoice)
    act(as_operator, action_url(invoice, "revoke_link"), reason="Sent to a wrong address.")
    assert "Its links have ended or are revoked" in shown(as_operator, invoice)
    act(as_operator, action_url(invoice, "mail_link"), reason="")
    assert newest_access(invoice).is_open
    assert newest_access(invoice).token in Notification.objects.get(kind="pay_page_link").text
