"""The e-invoice of an issued document: whether it needs an IRN, and the IRN once the portal gave it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.law import E_INVOICE_WITHIN_DAYS, in_force, last_day_for_e_invoice
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.work.claims import ClaimedWork, due_index
from invoicing.models.credit_note import CreditNote
from invoicing.models.invoice import Invoice
from organisations.models import BillingEntity, Organisation
from organisations.scoping import TenantModel, TenantQuerySet

CANCELLED_WITHIN = timedelta(hours=24)
"""After its acknowledgement an IRN can be cancelled that long; later the invoice is credited."""
SOON_DAYS = 5

_OF_THE_DOCUMENT = ("organisation_id", "billing_entity_id", "seller_gstin", "number", "issue_date")
_THAT_MAY_CHANGE = (
    "'status', 'cancelled_at', 'cancel_reason', 'cancel_remark', 'cancelled_by', 'attempts', 'next_attempt_at', "
    "'claimed_until', 'last_failure', 'is_unclear', 'updated_at'"
)
_NEVER_CHANGES = ", ".join(f"NEW.{column}" for column in ("invoice_id", "credit_note_id", *_OF_THE_DOCUMENT))


def _fits(table: str, key: str) -> str:
    columns = ", ".join(_OF_THE_DOCUMENT)
    return f"""
        IF NEW.{key} IS NOT NULL AND NOT EXISTS (
            SELECT FROM {table} WHERE id = NEW.{key} AND number <> ''
            AND ({columns}) IS NOT DISTINCT FROM ({", ".join(f"NEW.{column}" for column in _OF_THE_DOCUMENT)})
        ) THEN
            RAISE EXCEPTION 'The e-invoice % is not that of its document.', NEW.number
                USING ERRCODE = 'check_violation';
        END IF;
    """  # noqa: S608  (names of ours)


class EInvoiceQuerySet(TenantQuerySet):
    def of_standing_documents(self) -> Self:
        """Without those of void invoices."""
        return self.exclude(invoice__status=Invoice.Status.VOID)

    def waiting(self) -> Self:
        """The document needs an IRN and has none."""
        return self.of_standing_documents().filter(status=EInvoice.Status.PENDING)

    def failed(self) -> Self:
        """Waiting, and the last try failed: refused, or to be tried again."""
        return self.waiting().exclude(last_failure="")

    def near_the_limit(self, on: date) -> Self:
        """Waiting, with a 30-day limit that is over within days, or has passed."""
        newest = on + timedelta(days=SOON_DAYS - in_force(E_INVOICE_WITHIN_DAYS, on))
        return self.waiting().filter(billing_entity__e_invoices_within_30_days=True, issue_date__lte=newest)

    def at_odds(self) -> Self:
        """The IRN is cancelled and the invoice stands, or the other way round."""
        is_void = Q(invoice__status=Invoice.Status.VOID)
        is_credited = Q(invoice__amount_credited=F("invoice__total"), invoice__amount_credited__gt=0)
        cancelled = Q(status=EInvoice.Status.CANCELLED) & ~is_void & ~is_credited
        in_force = Q(status=EInvoice.Status.GENERATED) & is_void
        return self.filter(cancelled | in_force, invoice__isnull=False)

    def by_hand(self, on: date) -> Self:
        """Waiting for a person, as the seller's IRNs are not fetched, and in good time."""
        waiting = self.waiting().filter(billing_entity__e_invoices_by_client=False)
        return waiting.exclude(pk__in=self.near_the_limit(on).values("pk"))

    def to_register(self) -> Self:
        """Those that the platform itself sends to the portal."""
        return self.waiting().filter(billing_entity__e_invoices_by_client=True)


class EInvoice(ClaimedWork, BaseModel, TenantModel):
    """One per document that needs an IRN, made when the document is issued. What the portal gave never changes."""

    claim_lasts = timedelta(minutes=3)
    max_attempts = 12

    class Status(models.TextChoices):
        PENDING = "pending", "Needs IRN"
        GENERATED = "generated", "Has IRN"
        CANCELLED = "cancelled", "IRN cancelled"
        NOT_NEEDED = "not_needed", "Not needed"

    class Source(models.TextChoices):
        CLIENT = "client", "Fetched"
        FILE = "file", "Uploaded"
        TYPED = "typed", "Typed in"

    class CancelReason(models.TextChoices):
        """Numbered as the portal numbers them."""

        DUPLICATE = "1", "Duplicate"
        DATA_ENTRY = "2", "Data entry mistake"
        ORDER_CANCELLED = "3", "Order cancelled"
        OTHER = "4", "Other"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="e_invoices"
    )
    billing_entity = models.ForeignKey(
        BillingEntity, verbose_name="seller", on_delete=models.PROTECT, related_name="e_invoices"
    )
    invoice = models.OneToOneField(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="e_invoice")
    credit_note = models.OneToOneField(
        CreditNote, null=True, blank=True, on_delete=models.PROTECT, related_name="e_invoice"
    )
    seller_gstin = models.CharField("seller's GSTIN", max_length=15)
    number = models.CharField("document", max_length=16)
    issue_date = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    is_unclear = models.BooleanField(
        "unclear", default=False, help_text="The portal was asked, and its answer never came: there may be an IRN."
    )
    irn = models.CharField("IRN", max_length=64, blank=True)
    ack_number = models.CharField("acknowledgement number", max_length=20, blank=True)
    ack_at = models.DateTimeField("acknowledged", null=True, blank=True)
    signed_qr = models.TextField("signed QR code", blank=True)
    signed_invoice = models.TextField(blank=True)
    signature_checked = models.BooleanField(
        default=False, help_text="The portal's key signed it. It is checked where the installation knows that key."
    )
    source = models.CharField(max_length=6, choices=Source, blank=True, help_text="How the IRN came.")
    recorded_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.CharField(max_length=200, blank=True, help_text="Empty: a job.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=1, choices=CancelReason, blank=True)
    cancel_remark = models.CharField(max_length=100, blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True)
    not_needed_reason = models.CharField("why not", max_length=REASON_LENGTH, blank=True)
    not_needed_by = models.CharField(max_length=200, blank=True, help_text="Empty: the seller's settings say so.")

    objects = EInvoiceQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "e-invoice"
        ordering = ["-issue_date", "-number"]
        permissions = [
            ("record_einvoice", "Can record an IRN, or that none is needed"),
            ("cancel_einvoice", "Can cancel an IRN"),
        ]
        indexes = (
            models.Index(fields=["number"], name="e_invoice_by_number"),
            due_index("e_invoice_to_register"),
            models.Index(fields=["issue_date"], condition=Q(status="pending"), name="e_invoice_waiting"),
        )
        constraints = [
            models.CheckConstraint(
                condition=Q(invoice__isnull=False, credit_note__isnull=True)
                | Q(invoice__isnull=True, credit_note__isnull=False),
                name="e_invoice_is_of_one_document",
            ),
            models.UniqueConstraint(
                fields=["irn"],
                condition=~Q(irn=""),
                name="irn_of_one_document",
                violation_error_message="Another document has this IRN.",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["pending", "not_needed"],
                    irn="",
                    ack_number="",
                    ack_at__isnull=True,
                    signed_qr="",
                    recorded_at__isnull=True,
                )
                | (
                    Q(
                        status__in=["generated", "cancelled"],
                        irn__regex=r"^[0-9a-f]{64}$",
                        source__in=["client", "file", "typed"],
                    )
                    & Q(ack_number__regex=r"^[0-9]{1,20}$", ack_at__isnull=False, recorded_at__isnull=False)
                    & ~Q(signed_qr="")
                ),
                name="e_invoice_status_tells_what_it_has",
            ),
            models.CheckConstraint(
                condition=(Q(status="cancelled", cancelled_at__isnull=False) & ~Q(cancel_reason=""))
                | (~Q(status="cancelled") & Q(cancelled_at__isnull=True, cancel_reason="")),
                name="cancelled_irn_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True)
                | Q(cancelled_at__gte=F("ack_at"), cancelled_at__lte=F("ack_at") + CANCELLED_WITHIN),
                name="irn_cancelled_within_a_day",
                violation_error_message="An IRN is cancelled within 24 hours of its acknowledgement.",
            ),
            models.CheckConstraint(
                condition=~Q(status="not_needed") | ~Q(not_needed_reason=""),
                name="e_invoice_not_needed_says_why",
                violation_error_message="Say why no IRN is needed.",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="status_moves_forward",
                field="status",
                transitions=[
                    ("pending", "generated"),
                    ("pending", "not_needed"),
                    ("not_needed", "pending"),
                    ("generated", "cancelled"),
                ],
            ),
            pgtrigger.Trigger(
                name="is_of_its_document",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_fits("invoicing_invoice", "invoice_id")
                + _fits("invoicing_creditnote", "credit_note_id")
                + "RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="stays_with_its_document",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    IF ({_NEVER_CHANGES}) IS DISTINCT FROM ({_NEVER_CHANGES.replace("NEW.", "OLD.")}) THEN
                        RAISE EXCEPTION 'An e-invoice stays with its document.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="recorded_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["generated", "cancelled"]),
                func=f"""
                    IF to_jsonb(OLD) - ARRAY[{_THAT_MAY_CHANGE}] IS DISTINCT FROM
                       to_jsonb(NEW) - ARRAY[{_THAT_MAY_CHANGE}] THEN
                        RAISE EXCEPTION 'The IRN of % is recorded: it never changes.', OLD.number;
                    END IF;
                    IF OLD.status = 'cancelled' AND (NEW.cancelled_at, NEW.cancel_reason, NEW.cancel_remark)
                       IS DISTINCT FROM (OLD.cancelled_at, OLD.cancel_reason, OLD.cancel_remark) THEN
                        RAISE EXCEPTION 'The IRN of % is cancelled: that never changes.', OLD.number;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def document(self) -> Invoice | CreditNote:
        """The issued document that the IRN belongs to."""
        found = self.invoice or self.credit_note
        if found is None:
            raise ValueError("The database refuses an e-invoice of nothing.")
        return found

    @property
    def is_void(self) -> bool:
        return self.invoice is not None and self.invoice.status == Invoice.Status.VOID

    @property
    def last_day(self) -> date | None:
        """The last day in India on which the portal takes the document; None without a limit."""
        return last_day_for_e_invoice(self.issue_date) if self.billing_entity.e_invoices_within_30_days else None

    def days_left(self, on: date) -> int | None:
        """Days until the limit, that day included: 1 on the last day, 0 or less when it is too late."""
        return (self.last_day - on).days + 1 if self.last_day else None

    @property
    def cancellable_until(self) -> datetime | None:
        """None without an IRN in force."""
        return self.ack_at + CANCELLED_WITHIN if self.status == self.Status.GENERATED and self.ack_at else None

    @property
    def may_be_cancelled(self) -> bool:
        until = self.cancellable_until
        return until is not None and clock.now() <= until

    @property
    def holds_mail(self) -> bool:
        """The document is not sent: it has no IRN in force, and the seller sends none without."""
        lacks_one = self.status in (self.Status.PENDING, self.Status.CANCELLED)
        return lacks_one and self.billing_entity.e_invoices_hold_mail


def waits_for_irn(path: str) -> Q:
    """For querysets: the document's e-mail waits for its IRN. `path` leads to the document: "invoice__"."""
    e_invoice = f"{path}e_invoice__"
    lacks_one = {f"{e_invoice}status__in": [EInvoice.Status.PENDING, EInvoice.Status.CANCELLED]}
    return Q(**lacks_one, **{f"{e_invoice}billing_entity__e_invoices_hold_mail": True})
