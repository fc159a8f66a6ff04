"""Deliver an issued invoice, as waiting work: make its PDF, then hand the e-mail with it to the outbox.

An `InvoiceDelivery` waits from the moment the invoice is issued until its PDF is stored and nobody is left who should
get it by e-mail. A delivery of a void invoice ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_objects
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work.claims import State, claim, due_ids, note_failure
from billing_platform.lib.work.waking import wake_each, wake_on_commit
from invoicing.emails import queue_invoice_email
from invoicing.models import Invoice, InvoiceDelivery
from invoicing.models.e_invoice import waits_for_irn
from invoicing.selectors.e_invoices import e_invoice_of
from invoicing.services import stored_pdfs
from invoicing.services.locking import lock_invoice
from organisations import audit
from organisations.models import BillingHold, held
from organisations.notifications.recipients import distinct
from organisations.webhooks.announcing import announce

PdfState = Invoice.PdfState
NO_EMAIL = BillingHold.Kind.NO_EMAIL


def begin_deliveries(addresses: Mapping[Invoice, list[str]]) -> None:
    """Have the PDFs of newly issued invoices made, each then e-mailed to its addresses. The caller saves them."""
    for invoice in addresses:
        invoice.pdf_state = PdfState.PENDING
    invoice_ids = [invoice.pk for invoice in addresses]
    transaction.on_commit(partial(wake_each, "invoicing.tasks.deliver_invoice", invoice_ids), robust=True)
    insert_objects([InvoiceDelivery(invoice=invoice, send_to=to) for invoice, to in addresses.items()])


def deliver_to(invoice: Invoice, addresses: Iterable[str]) -> None:
    """E-mail the invoice to these addresses too: now, or in one e-mail with those that wait for the PDF already.

    The caller holds the invoice's lock.
    """
    delivery = _locked(invoice)
    delivery.send_to = distinct([*delivery.send_to, *addresses])
    if invoice.pdf_state == PdfState.READY:
        _hand_over(invoice, delivery)
        return
    fields = ["send_to"]
    if delivery.send_to and delivery.work_state != State.AT_WORK:  # who makes the PDF reads the addresses afterwards
        fields += delivery.try_now()
        _wake(invoice)
    delivery.save(update_fields=fields)


def end_delivery(invoice: Invoice) -> None:
    """Nothing is delivered any more: the invoice is void. The caller holds the invoice's lock."""
    delivery = InvoiceDelivery.objects.select_for_update().filter(pk=invoice.pk).first()
    if delivery is not None:
        delivery.save(update_fields=delivery.end())


def make_again(invoice: Invoice) -> None:
    """Have the PDF made anew, as what is printed beside the document has changed: its IRN. The caller holds the
    invoice's lock, and wakes the worker."""
    delivery = InvoiceDelivery.objects.select_for_update().filter(pk=invoice.pk).first()
    if delivery is None or invoice.status == Invoice.Status.VOID:
        return
    invoice.pdf.name, invoice.pdf_sha256, invoice.pdf_state = "", "", PdfState.PENDING
    invoice.save(update_fields=["pdf", "pdf_sha256", "pdf_state", "updated_at"])
    delivery.save(update_fields=delivery.try_now())


@transaction.atomic
def try_now(*, invoice_id: UUID) -> None:
    """An operator's wish: deliver at once what waits after a failure or was given up, with all its tries before it.

    Raises DomainError DELIVERY_NOT_WAITING where nothing of the kind waits.
    """
    invoice = lock_invoice(invoice_id)
    delivery = _of_live_invoices().select_for_update(of=("self",)).filter(pk=invoice_id).first()
    if delivery is None or not delivery.may_be_tried_now:
        raise DomainError(f"Invoice {invoice} waits for no other try to deliver it.", code="DELIVERY_NOT_WAITING")
    before = delivery.attempts
    delivery.save(update_fields=delivery.try_now())
    audit.note(invoice, delivery_attempts=(before, 0))
    _wake(invoice)


def due_deliveries() -> list[UUID]:
    """Ids of invoices to be rendered or sent now: new ones, those to be tried again, those whose worker died.
    Those of test customers are their clocks'."""
    return due_ids(_of_live_invoices().exclude(invoice__organisation__is_test=True))


def deliver(*, invoice_id: UUID) -> None:
    """Make the PDF, then e-mail the invoice with it to whoever waits for it.

    A failure is stored on the delivery, and tried again with growing pauses; nothing else is held back by it.
    """
    delivery = make_pdf(invoice_id=invoice_id)
    if delivery is None:
        return
    try:
        hand_over(invoice_id=invoice_id)
    except Exception as error:  # whatever a template or the outbox may throw
        note_failure(delivery, error)


def make_pdf(*, invoice_id: UUID) -> InvoiceDelivery | None:
    """Render and store the PDF if it is due and nobody else is at it. The claimed delivery, if the PDF is ready."""
    delivery = claim(_of_live_invoices().select_related("invoice"), invoice_id)
    if delivery is None:
        return None
    invoice = delivery.invoice
    if invoice.pdf_state == PdfState.READY:
        return delivery
    try:
        stored = stored_pdfs.store_pdf(invoice)
    except Exception as error:  # whatever a picture, a font or the storage may throw
        with transaction.atomic():
            invoice = lock_invoice(invoice_id)  # before the delivery, as everywhere: two callers wait, not deadlock
            if note_failure(delivery, error):
                invoice.pdf_state = PdfState.FAILED
                invoice.save(update_fields=["pdf_state", "updated_at"])
        return None
    invoice.pdf.name, invoice.pdf_sha256, invoice.pdf_state = stored.name, stored.sha256, PdfState.READY
    invoice.save(update_fields=["pdf", "pdf_sha256", "pdf_state", "updated_at"])
    return delivery


@transaction.atomic
def hand_over(*, invoice_id: UUID) -> None:
    """The PDF is there: send what waited for it, and be done with delivering. Sends nothing a second time."""
    invoice = lock_invoice(invoice_id)
    if invoice.status != Invoice.Status.VOID:
        _hand_over(invoice, _locked(invoice))


def _hand_over(invoice: Invoice, delivery: InvoiceDelivery) -> None:
    """Queue one e-mail to whoever waits for the invoice; also when nobody does, it is delivered. While a hold forbids
    e-mails, or the invoice lacks its IRN, those who wait go on waiting."""
    if delivery.send_to and _is_held_back(invoice):
        delivery.save(update_fields=["send_to", *delivery.wait()])
        return
    if delivery.send_to:
        queue_invoice_email(invoice, to=delivery.send_to)
        delivery.send_to, invoice.sent_at = [], clock.now()
        invoice.save(update_fields=["sent_at", "updated_at"])
        when = invoice.sent_at.isoformat()
        announce("invoice.sent", organisation_id=invoice.organisation_id, object_id=invoice.pk, occasion=when)
    delivery.save(update_fields=["send_to", *delivery.end()])


def _is_held_back(invoice: Invoice) -> bool:
    if NO_EMAIL in {hold.kind for hold in invoice.organisation.standing_holds}:
        return True
    e_invoice = e_invoice_of(invoice)
    return e_invoice is not None and e_invoice.holds_mail


def _of_live_invoices() -> QuerySet[InvoiceDelivery]:
    """What may be worked on now: with the PDF made, the e-mail waits for the end of a hold. The PDF itself waits for
    the IRN that it prints."""
    only_to_send = Q(invoice__pdf_state=PdfState.READY) & held(NO_EMAIL, "invoice__organisation")
    live = InvoiceDelivery.objects.exclude(invoice__status=Invoice.Status.VOID)
    return live.exclude(only_to_send).exclude(waits_for_irn("invoice__"))


def _locked(invoice: Invoice) -> InvoiceDelivery:
    delivery: InvoiceDelivery = InvoiceDelivery.objects.select_for_update().get(pk=invoice.pk)
    return delivery


def _wake(invoice: Invoice) -> None:
    wake_on_commit("invoicing.tasks.deliver_invoice", invoice.pk)
