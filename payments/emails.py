"""E-mails about payments, cheques, refunds and disputes, each at most once per payment, refund, or state of a cheque or
dispute; about certificates of tax withheld; links to a pay page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.http.downloads import PDF
from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from invoicing.emails import queue_about
from invoicing.models import Invoice, PayPageLink
from invoicing.selectors.documents import invoice_document, page_address
from invoicing.services.pay_page_links import usable_token
from organisations.models import BillingEntity, Notification, Organisation
from organisations.notifications.branding import brand_of_seller, logo_of
from organisations.notifications.outbox import Attachment, queue_email
from organisations.notifications.recipients import recipients
from payments.models import (
    Cheque,
    Dispute,
    InboundWebhook,
    MandateCharge,
    Payment,
    Refund,
    SentCertificate,
    WithheldTax,
)

RECEIPT = "payments.receipt:"
"""Begins the name of an attachment that is made when its message is sent."""


def queue_payment_received(payment: Payment, invoice: Invoice | None) -> None:
    """The receipt, with what is still due. `invoice` is as it stands after the payment was credited; None for money on
    account, whose mail says what it has paid so far."""
    if invoice is None:
        credited = [(row.invoice.number, row.amount) for row in payment.allocations.select_related("invoice")]
        context: dict[str, Any] = {
            "credited": [(number, format_money(amount, payment.currency)) for number, amount in credited],
            "left": format_money(payment.unallocated, payment.currency) if payment.unallocated > ZERO else "",
        }
        _queue_on_account("payment_on_account", payment, context, _receipt(payment))
        return
    remaining = invoice.amount_due
    context = {
        "debit": _debit(payment),
        "is_tds": payment.kind == Payment.Kind.TDS,
        "payer_fee": format_money(payment.payer_fee, payment.currency) if payment.payer_fee > ZERO else "",
        "remaining": format_money(remaining, invoice.currency) if remaining > ZERO else "",
        "unallocated": format_money(payment.unallocated, payment.currency) if payment.unallocated > ZERO else "",
        "is_void": invoice.status == Invoice.Status.VOID,
    }
    _queue("payment_received", payment, invoice, context, _receipt(payment))


def debit_page(token: str) -> str:
    """The address of the page of one debit, where its payer says no to it or ends the mandate."""
    return f"{settings.SITE_URL}{reverse('payments:debit', kwargs={'token': token})}"


def _debit(payment: Payment) -> dict[str, Any]:
    """What RBI wants a payer to hear after a debit, besides the amount: when, from what, by which mandate, and how to
    have no more of them (RBI/DPSS/2026-27/396). Empty for other payments."""
    charge = MandateCharge.objects.filter(order=payment.order_id).select_related("mandate").first()
    if payment.order_id is None or charge is None or payment.paid_at is None:
        return {}
    return {
        "account": charge.mandate.shown_as,
        "mandate": charge.mandate.razorpay_token_id or "",
        "when": payment.paid_at.astimezone(INDIAN_TIME),
        "page": debit_page(charge.public_token),
    }


def queue_payment_reversed(payment: Payment, invoice: Invoice | None) -> None:
    """Tell a customer that an earlier receipt is no longer valid."""
    if invoice is None:
        if Notification.objects.filter(dedupe_key=f"payment_on_account:{payment.pk}").exists():
            _queue_on_account("payment_on_account_reversed", payment, {})
        return
    if Notification.objects.filter(dedupe_key=f"payment_received:{payment.pk}").exists():
        due = format_money(invoice.amount_due, invoice.currency) if invoice.is_collectable else ""
        _queue("payment_reversed", payment, invoice, {"is_tds": payment.kind == Payment.Kind.TDS, "due": due})


def queue_payment_failed(payment: Payment, *, advice: str = "") -> None:
    """Tell the payer that the attempt failed, in Razorpay's words; not once the invoice is paid another way. `advice`:
    what helps, if the attempt was a debit of a mandate."""
    invoice = payment.invoice
    if invoice and Invoice.objects.collectable().filter(pk=invoice.pk).exists():
        due = format_money(invoice.amount_due, invoice.currency)
        context = {"reason": payment.error_description, "due": due, "advice": advice}
        _queue("payment_failed", payment, invoice, context)


def _receipt(payment: Payment) -> Attachment:
    return Attachment(f"{RECEIPT}{payment.pk}", receipt_name(payment), PDF)


def receipt_name(payment: Payment) -> str:
    return f"receipt-{file_part(payment.named_by) or payment.pk}.pdf"


def _queue_on_account(kind: str, payment: Payment, context: dict[str, Any], *attachments: Attachment) -> None:
    common = {
        "amount": format_money(payment.amount, payment.currency),
        "method": payment.get_method_display_name(),
        "reference": payment.reference,
        "date": payment.received_day,
    }
    _queue_of_seller(
        kind, payment.organisation, payment.seller, payment.pk, {**common, **context}, attachments=attachments
    )


def queue_cheque_received(cheque: Cheque) -> None:
    """Tell the customer that a cheque came, and that it counts once the bank has cleared it."""
    _queue_cheque("cheque_received", cheque, {})


def queue_cheque_bounced(cheque: Cheque) -> None:
    """Tell the customer that the bank sent a cheque back, why, what is due again, and what it is charged."""
    charge = cheque.charge
    invoice = Invoice.objects.collectable().filter(pk=cheque.invoice_id).first()
    context = {
        "date": cheque.bounced_on,
        "reason": cheque.reason,
        "charge": format_money(charge.amount, charge.currency) if charge else "",
        "due": format_money(invoice.amount_due, invoice.currency) if invoice else "",
        "pay_url": page_address(usable_token(invoice=invoice)) if invoice else "",
    }
    _queue_cheque("cheque_bounced", cheque, context)


def _queue_cheque(kind: str, cheque: Cheque, context: dict[str, Any]) -> None:
    common = {
        "number": cheque.number,
        "bank": cheque.bank,
        "dated": cheque.dated,
        "amount": format_money(cheque.amount, cheque.currency),
        "invoice": cheque.invoice.number if cheque.invoice else "",
    }
    _queue_of_seller(kind, cheque.organisation, cheque.billing_entity, cheque.pk, {**common, **context})


def queue_certificates_wanted(
    organisation: Organisation, seller: BillingEntity, taxes: Sequence[WithheldTax], day: date
) -> None:
    """Ask a customer for the certificates of tax that it withheld: once a day at most, in its time zone."""
    rows = [
        {
            "form": tax.form,
            "quarter": tax.quarter,
            "invoice": tax.payment.asked_for.number,
            "amount": format_money(tax.payment.amount, tax.payment.currency),
            "due": tax.due_day,
            "named": format_money(tax.certificate_amount, tax.payment.currency) if tax.certificate_amount else "",
        }
        for tax in taxes
    ]
    context = {"rows": rows, "forms": sorted({tax.form for tax in taxes}), "pan": seller.pan or seller.gstin[2:12]}
    _queue_of_seller("certificates_wanted", organisation, seller, f"{organisation.pk}:{seller.pk}:{day}", context)


def queue_certificate_decided(sent: SentCertificate, *, recorded: Decimal | None = None) -> None:
    """Tell a customer what became of the certificate that it sent. `recorded`: what was withheld, where that is
    another amount."""
    context = {
        "number": sent.certificate_number,
        "quarter": sent.quarter,
        "amount": sent.amount_text,
        "is_accepted": sent.status == SentCertificate.Status.ACCEPTED,
        "recorded": format_money(recorded, RUPEES) if recorded is not None else "",
        "reason": sent.reason,
    }
    organisation = sent.organisation
    _queue_of_seller("certificate_decided", organisation, organisation.billing_entity, sent.pk, context)


def _queue_of_seller(
    kind: str,
    organisation: Organisation,
    seller: BillingEntity,
    about: Any,
    context: dict[str, Any],
    *,
    attachments: Sequence[Attachment] = (),
) -> None:
    """About no single document: the mail has the seller's look as it is now."""
    brand = brand_of_seller(seller)
    queue_email(
        organisation=organisation,
        kind=kind,
        dedupe_key=f"{kind}:{about}",
        recipients=recipients(organisation, kind),
        sender=seller.email,
        context={
            "customer": organisation.name,
            "seller": seller.legal_name,
            **context,
            "brand": brand,
        },
        attachments=[*attachments, *logo_of(brand, seller.logo)],
    )


def queue_refund(refund: Refund) -> None:
    """Tell the customer where a refund of Razorpay stands: on its way, made, or failed after one of the two was said.

    Each once per refund. A refund that Razorpay refused at once is nothing that a customer heard of.
    """
    told = {f"{kind}:{refund.pk}" for kind in ("refund_started", "refund_done")}
    if refund.status == Refund.Status.FAILED:
        if Notification.objects.filter(dedupe_key__in=told).exists():
            _queue_refund("refund_failed", refund)
    elif refund.status == Refund.Status.PROCESSED:
        _queue_refund("refund_done", refund)
    elif refund.razorpay_refund_id is not None:
        _queue_refund("refund_started", refund)


def _queue_refund(kind: str, refund: Refund) -> None:
    payment = refund.payment
    invoice = refund.invoice or payment.invoice
    if invoice is None:
        return  # money on account goes back by bank transfer
    context = {
        "amount": format_money(refund.amount, refund.currency),
        "refund_number": refund.refund_number,
        "bank_reference": refund.bank_reference,
        "reason": refund.reason,
        "date": refund.refunded_on,
    }
    _queue(kind, payment, invoice, context, about=refund.pk)


def queue_webhooks_failed(seller: BillingEntity, webhooks: list[InboundWebhook], *, counted: str) -> None:
    """Tell a seller of Razorpay's messages that were given up: once an hour in which any was. The newest comes first;
    `counted` says how many they are: “2 messages”."""
    newest = webhooks[0]
    is_of_one = len({webhook.organisation_id for webhook in webhooks}) == 1  # else only who sees all customers reads it
    address = reverse("admin:payments_inboundwebhook_changelist")
    queue_email(
        organisation=newest.organisation if is_of_one else None,
        kind="webhook_failed",
        dedupe_key=f"webhook_failed:{seller.pk}:{newest.updated_at:%Y-%m-%dT%H}",
        recipients=[seller.email],
        sender=seller.email,
        context={
            "webhooks": webhooks[:5],
            "messages": counted,
            "page": f"{settings.SITE_URL}{address}?status__exact=failed",
        },
    )


def queue_dispute(dispute: Dispute) -> None:
    """Tell the seller how a dispute stands: once for each state that it comes to, also if it is to answer again."""
    _queue_about_dispute("dispute", dispute, f"{dispute.status}:{dispute.told_at.isoformat()}")


def queue_dispute_deadline(dispute: Dispute) -> None:
    """Tell the seller that the time to answer runs out: once for each deadline."""
    _queue_about_dispute("dispute_deadline", dispute, str(dispute.respond_by))


def _queue_about_dispute(kind: str, dispute: Dispute, key: str) -> None:
    invoice = dispute.payment.invoice
    if invoice is None:
        return  # nobody disputes what came by bank transfer
    document, seller = invoice_document(invoice), invoice.billing_entity
    respond_by = time_text(dispute.respond_by, ZoneInfo(seller.time_zone)) if dispute.respond_by else ""
    queue_about(
        document,
        organisation=invoice.organisation,
        kind=kind,
        dedupe_key=f"{kind}:{dispute.pk}:{key}",
        recipients=[seller.email],
        sender=seller.email,
        context={
            "is_reminder": kind == "dispute_deadline",
            "dispute": dispute,
            "number": invoice.number,
            "customer": document.customer.name,
            "amount": format_money(dispute.amount, dispute.currency),
            "taken": format_money(dispute.amount_taken, dispute.currency) if dispute.amount_taken else "",
            "respond_by": respond_by,
            "page": f"{settings.SITE_URL}{reverse('admin:payments_dispute_change', args=[dispute.pk])}",
        },
    )


def queue_pay_page_link(link: PayPageLink) -> None:
    """Mail a new link to the customer's billing address."""
    invoice, document = link.invoice, invoice_document(link.invoice)
    queue_about(
        document,
        organisation=invoice.organisation,
        kind="pay_page_link",
        dedupe_key=f"pay_page_link:{link.pk}",
        recipients=recipients(invoice.organisation, "pay_page_link"),
        sender=invoice.billing_entity.email,
        context={
            "number": invoice.number,
            "customer": document.customer.name,
            "seller": document.seller.name,
            "due": format_money(invoice.amount_due, invoice.currency) if invoice.is_collectable else "",
            "until": link.expires_at.astimezone(ZoneInfo(invoice.billing_entity.time_zone)).date(),
            "pay_url": page_address(link.token),
        },
    )


def file_part(text: str) -> str:
    """Of a file's name: letters, digits and dashes only."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)[:60]


def _queue(
    kind: str,
    payment: Payment,
    invoice: Invoice,
    context: dict[str, Any],
    *attachments: Attachment,
    about: UUID | None = None,
) -> None:
    organisation, document = invoice.organisation, invoice_document(invoice)
    queue_about(
        document,
        organisation=organisation,
        kind=kind,
        dedupe_key=f"{kind}:{about or payment.pk}",
        recipients=recipients(organisation, kind),
        sender=invoice.billing_entity.email,  # as it is now: an answer is read
        context={
            "number": invoice.number,
            "customer": document.customer.name,
            "seller": document.seller.name,
            "amount": format_money(payment.amount - payment.payer_fee, payment.currency),
            "method": payment.get_method_display_name(),
            "reference": payment.named_by,
            "date": payment.received_day,
            "pay_url": page_address(usable_token(invoice=invoice)),
            **context,
        },
        attachments=attachments,
    )
