"""Which documents need an IRN. Decided when a document is issued, and looked over again by a job: a seller's settings
may begin to hold, or cease to, for documents that are issued already."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.database.bulk import insert_objects
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.validators import require, validate_line
from billing_platform.lib.work.waking import wake_each, wake_on_commit
from invoicing.documents import InvoiceDocument
from invoicing.gst_heads import SupplyKind
from invoicing.models import CreditNote, EInvoice, Invoice
from invoicing.returns.e_invoice import REPORTED, is_reported
from invoicing.selectors.e_invoices import frozen
from invoicing.services.e_invoices.locking import lock_e_invoice
from invoicing.services.unneeded_e_invoices import acting, require_clear, require_pending

AT_ONCE = 500
"""Documents that one run of the job adds."""
_BEFORE = "The seller makes e-invoices of later documents only."

Status = EInvoice.Status


def begin_e_invoices(documents: Iterable[tuple[Invoice | CreditNote, InvoiceDocument]]) -> None:
    """Note of newly issued documents which of them need an IRN. The caller's transaction issues them."""
    rows = [_row(issued, document) for issued, document in documents if needs_irn(issued)]
    insert_objects(rows)
    fetched = [row.pk for row in rows if row.status == Status.PENDING and row.billing_entity.e_invoices_by_client]
    transaction.on_commit(partial(wake_each, "invoicing.tasks.register_e_invoice", fetched), robust=True)


def needs_irn(issued: Invoice | CreditNote) -> bool:
    """Whether seller, date and kind of supply demand an IRN; what the lines are is asked of the document."""
    first = issued.billing_entity.e_invoices_from
    if first is None or issued.issue_date is None or issued.issue_date < first or not issued.seller_gstin:
        return False
    changes_tax = isinstance(issued, Invoice) or issued.kind == CreditNote.Kind.GST
    return changes_tax and SupplyKind(issued.supply_kind) in REPORTED


def keep_in_step() -> None:
    """Make what is noted agree with the sellers' settings of now. May run twice, at once and half."""
    _add_missing(Invoice.objects.issued().filter(document__isnull=False))
    _add_missing(CreditNote.objects.filter(kind=CreditNote.Kind.GST))
    begun = Q(billing_entity__e_invoices_from__lte=F("issue_date"))
    unneeded = EInvoice.objects.filter(status=Status.PENDING, attempts=0).exclude(begun)
    changed = list(unneeded.values_list("pk", flat=True)[:AT_ONCE])
    unneeded.filter(pk__in=changed).update(
        status=Status.NOT_NEEDED, not_needed_reason=_BEFORE, not_needed_by="", updated_at=clock.now()
    )
    again = EInvoice.objects.of_standing_documents().filter(begun, status=Status.NOT_NEEDED, not_needed_by="")
    again.filter(not_needed_reason=_BEFORE).update(
        status=Status.PENDING, not_needed_reason="", next_attempt_at=clock.now(), updated_at=clock.now()
    )


def _add_missing(issued: QuerySet[Invoice] | QuerySet[CreditNote]) -> None:
    """Documents since the seller's first day that nobody noted."""
    found = issued.filter(
        e_invoice__isnull=True,
        issue_date__gte=F("billing_entity__e_invoices_from"),
        supply_kind__in=REPORTED,
    ).exclude(seller_gstin="")
    for document in found.select_related("billing_entity", "organisation").order_by("issue_date")[:AT_ONCE]:
        with transaction.atomic():
            _add(document)


def _add(document: Invoice | CreditNote) -> None:
    model = type(document)
    locked = model.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if not EInvoice.objects.filter(**{_path(locked): locked}).exists():
        begin_e_invoices([(locked, frozen(locked))])


def _path(issued: Invoice | CreditNote) -> str:
    return "invoice" if isinstance(issued, Invoice) else "credit_note"


def _row(issued: Invoice | CreditNote, document: InvoiceDocument) -> EInvoice:
    needed = is_reported(document)
    return EInvoice(
        status=Status.PENDING if needed else Status.NOT_NEEDED,
        not_needed_reason="" if needed else "No line of it is taxable.",
        organisation_id=issued.organisation_id,
        billing_entity=issued.billing_entity,
        seller_gstin=issued.seller_gstin,
        number=issued.number,
        issue_date=issued.issue_date,  # type: ignore[misc]  # an issued document has one
        **{_path(issued): issued},
    )


@transaction.atomic
def mark_not_needed(*, e_invoice_id: UUID, reason: str) -> EInvoice:
    """A person says that a document needs no IRN: what waited for it is sent. Raises NotFound, InvalidInput at
    `reason`, and DomainError E_INVOICE_NOT_PENDING or E_INVOICE_UNCLEAR."""
    require("reason", reason.strip(), validate_line)
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why no IRN is needed.")
    found = lock_e_invoice(e_invoice_id)
    require_pending(found)
    require_clear(found)
    found.status, found.not_needed_reason, found.not_needed_by = Status.NOT_NEEDED, reason.strip(), acting()
    found.save(update_fields=["status", "not_needed_reason", "not_needed_by", "updated_at", *found.end()])
    wake_delivery(found)
    return found


@transaction.atomic
def demand_again(*, e_invoice_id: UUID) -> EInvoice:
    """Take `mark_not_needed` back. Raises NotFound, and DomainError E_INVOICE_NOT_PENDING."""
    found = lock_e_invoice(e_invoice_id)
    if found.status != Status.NOT_NEEDED or found.is_void:
        raise DomainError(f"{found} is not without need of an IRN.", code="E_INVOICE_NOT_PENDING")
    found.status, found.not_needed_reason, found.not_needed_by = Status.PENDING, "", ""
    found.save(update_fields=["status", "not_needed_reason", "not_needed_by", "updated_at", *found.try_now()])
    return found


def wake_delivery(found: EInvoice) -> None:
    """What waited for the IRN may go on."""
    if found.invoice_id is not None:
        wake_on_commit("invoicing.tasks.deliver_invoice", found.invoice_id)
    else:
        wake_on_commit("invoicing.tasks.deliver_credit_note", found.credit_note_id)
