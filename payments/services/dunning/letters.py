"""E-mails that ask again: what is due and how late, the button, and where a transfer goes."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing_platform.lib import clock
from billing_platform.lib.number_formats import format_money
from invoicing.documents import InvoiceDocument
from invoicing.emails import queue_about
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document, page_address
from invoicing.services.pay_page_links import usable_token
from organisations.models import Notification
from organisations.notifications.recipients import listed, recipients
from payments.models import PaymentRetry, RetryTry
from payments.models.dunning_rules import DunningRules


def queue_reminder(invoice: Invoice, *, key: str, rules: DunningRules) -> Notification:
    """One e-mail for one key. The tone follows from the days: before, on or after the due date."""
    today = clock.today(invoice.organisation.time_zone)
    document = invoice_document(invoice)
    days = (today - invoice.due_date).days if invoice.due_date else 0
    context = {
        "due_date": invoice.due_date,
        "days_late": max(days, 0),
        "days_left": max(-days, 0),
        "is_late": days > 0,
        "msme_number": protected_as(document, rules) if days > 0 else "",
    }
    return _queue("reminder", invoice, document, key=f"reminder:{invoice.pk}:{key}", context=context)


def queue_retry(attempt: RetryTry, invoice: Invoice) -> Notification:
    """The fresh link of an attempt. Where nothing can be paid online, the e-mail says how else."""
    document, plan = invoice_document(invoice), attempt.plan
    context = {
        "attempted_on": plan.payment.attempted_at.astimezone(invoice.organisation.zone).date(),
        "reason": plan.payment.error_description,
        "is_last": attempt.number >= plan.max_retries,
    }
    order = attempt.order
    url = order.short_url if order else ""
    return _queue("payment_retry", invoice, document, key=f"payment_retry:{attempt.pk}", context=context, pay_url=url)


def queue_final_failure(plan: PaymentRetry, invoice: Invoice) -> None:
    """To the customer, and to the seller's operators. Once for each time that a plan came to its end."""
    document, key = invoice_document(invoice), f"payment_given_up:{plan.pk}:{plan.made}"
    context = {"tries": plan.made, "reason": plan.payment.error_description}
    _queue("payment_given_up", invoice, document, key=key, context=context)
    _queue(
        "payment_given_up_seller",
        invoice,
        document,
        key=f"{key}:seller",
        context={**context, "contacts": listed(invoice.organisation, "invoice_issued"), "invoice_id": invoice.pk},
        to=invoice.billing_entity.email,
    )


def protected_as(document: InvoiceDocument, rules: DunningRules) -> str:
    """The Udyam number of a seller that tells buyers in India of the MSMED Act's protection; "" for others."""
    is_told = rules.msme_notice and not document.bank.is_foreign
    return document.seller.udyam if is_told else ""


def _queue(
    kind: str,
    invoice: Invoice,
    document: InvoiceDocument,
    *,
    key: str,
    context: dict[str, Any],
    pay_url: str = "",
    to: str = "",
) -> Notification:
    due_date: date | None = invoice.due_date
    return queue_about(
        document,
        organisation=invoice.organisation,
        kind=kind,
        dedupe_key=key,
        recipients=[to] if to else recipients(invoice.organisation, kind),
        sender=invoice.billing_entity.email,  # as it is now: an answer is read
        context={
            "number": invoice.number,
            "customer": document.customer.name,
            "seller": document.seller.name,
            "due": format_money(invoice.amount_due, invoice.currency),
            "total": format_money(invoice.total, invoice.currency),
            "is_partly_paid": invoice.amount_due < invoice.total,
            "due_date": due_date,
            "pay_url": pay_url or page_address(usable_token(invoice=invoice)),
            "transfer": document.transfer,
            **context,
        },
    )
