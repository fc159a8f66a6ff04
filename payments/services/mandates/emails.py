"""E-mails about mandates: the invitation, the notice before each debit, and why an invoice is not debited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.number_formats import format_money
from invoicing.emails import queue_about
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document, pay_page_url
from organisations.models import Notification
from organisations.notifications.branding import brand_of_seller, logo_of
from organisations.notifications.outbox import queue_email
from organisations.notifications.recipients import recipients
from payments.emails import debit_page
from payments.models import Mandate, MandateCharge


def queue_invitation(mandate: Mandate) -> Notification:
    """The registration link, to the billing contact. Once per mandate."""
    account = mandate.account
    seller = account.billing_entity
    brand = brand_of_seller(seller)
    return queue_email(
        organisation=account.organisation,
        kind="mandate_invitation",
        dedupe_key=f"mandate_invitation:{mandate.pk}",
        recipients=recipients(account.organisation, "mandate_invitation"),
        sender=seller.email,
        context={
            "customer": account.organisation.name,
            "seller": seller.name,
            "method": mandate.get_method_display(),
            "most": format_money(mandate.max_amount, RUPEES),
            "until": mandate.expires_at.astimezone(INDIAN_TIME).date(),
            "link": mandate.short_url,
            "link_until": mandate.link_expires_at and mandate.link_expires_at.astimezone(INDIAN_TIME),
            "brand": brand,
            "costs_a_rupee": mandate.method != Mandate.Method.EMANDATE,
        },
        attachments=logo_of(brand, seller.logo),
    )


def queue_notice(invoice: Invoice, mandate: Mandate, *, token: str, charge_after: datetime) -> Notification:
    """The notice that RBI wants before each debit: merchant, amount, date, reference, reason, and a way out."""
    context = {
        "account": mandate.shown_as,
        "mandate": mandate.razorpay_token_id,
        "when": charge_after.astimezone(INDIAN_TIME),
        "period": invoice.period_start,
        "opt_out_url": debit_page(token),
    }
    return _queue("debit_notice", token, invoice, context)


def queue_not_debited(charge_ids: Iterable[UUID], *, reason: str = "") -> None:
    """The mandate was not used for these invoices; the pay page can be. Once for each debit; what is paid meanwhile is
    left out. `reason`: for the payer, instead of the one on the row."""
    charges = MandateCharge.objects.filter(pk__in=charge_ids, invoice__in=Invoice.objects.collectable())
    for charge in charges.select_related("mandate", "invoice__organisation", "invoice__billing_entity"):
        context = {"account": charge.mandate.shown_as, "reason": reason or charge.reason}
        _queue("not_debited", str(charge.pk), charge.invoice, context)


def _queue(kind: str, key: str, invoice: Invoice, context: dict[str, Any]) -> Notification:
    organisation, document = invoice.organisation, invoice_document(invoice)
    return queue_about(
        document,
        organisation=organisation,
        kind=kind,
        dedupe_key=f"{kind}:{key}",
        recipients=recipients(organisation, kind),
        sender=invoice.billing_entity.email,  # as it is now: an answer is read
        context={
            "number": invoice.number,
            "customer": document.customer.name,
            "seller": document.seller.name,
            "amount": format_money(invoice.amount_due, invoice.currency),
            "pay_url": pay_page_url(invoice),
            **context,
        },
    )
