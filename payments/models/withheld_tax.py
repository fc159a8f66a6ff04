"""What belongs to a payment of tax that the customer withheld (TDS): code, value, quarter, and its certificate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import BinaryField, F, Func, Q, Value
from django.db.models.lookups import Exact

from billing_platform.lib.database.append_only import append_only, no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.law import WITHHOLDING_CERTIFICATE, certificate_due_day, in_force
from billing_platform.lib.limits import REFERENCE_LENGTH
from invoicing.models.columns import MoneyField
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.payment import Payment
from payments.withholding import last_overdue_quarter, quarter_text, rate_of

FILE_NAME_LENGTH = 100
_IS_OF_TDS = """
    SELECT * INTO paid FROM payments_payment WHERE id = NEW.payment_id;
    IF paid.kind <> 'tds' THEN
        RAISE EXCEPTION 'Payment % is not tax withheld.', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.certificate_state <> 'expected'
       AND (NEW.certificate_amount = paid.amount) IS DISTINCT FROM (NEW.certificate_state = 'received') THEN
        RAISE EXCEPTION 'Certificate % names another amount than payment %, or is called so wrongly.',
            NEW.certificate_number, NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class WithheldTaxQuerySet(TenantQuerySet):
    def standing(self) -> Self:
        """Those whose payment was not reversed."""
        return self.exclude(payment__status=Payment.Status.REVERSED)

    def to_chase(self) -> Self:
        """The certificate has not come, or names another amount."""
        return self.standing().exclude(certificate_state=WithheldTax.CertificateState.RECEIVED)

    def overdue(self, today: date) -> Self:
        """To chase, and the customer owed the certificate before this Indian day."""
        rows = self.to_chase().filter(quarter_start__lte=last_overdue_quarter(today))
        return rows.annotate(currency=F("payment__currency"))


class WithheldTax(BaseModel, TenantModel):
    """One row for each payment of kind `tds`. The amount is the payment's; the invoice is the payment's.

    The customer owes a certificate for it: form 131, form 16A for tax withheld up to 31 March 2026. `expected` until
    it comes; then `received`, or `mismatched` where it names another amount.
    """

    class CertificateState(models.TextChoices):
        EXPECTED = "expected", "Expected"
        RECEIVED = "received", "Received"
        MISMATCHED = "mismatched", "Names another amount"

    tenant_path = "payment__organisation"

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="withheld_tax")
    section_code = models.CharField(max_length=8, blank=True, help_text="1027, for instance. Empty where not known.")
    taxable_value = MoneyField(
        null=True, blank=True, help_text="The value without GST on which it was withheld. Empty where not known."
    )
    deducted_on = models.DateField("withheld on", help_text="The day of the payment of which it was withheld.")
    quarter_start = models.DateField("quarter", help_text="The first day of the quarter in which it was withheld.")
    certificate_state = models.CharField(
        "certificate", max_length=10, choices=CertificateState, default=CertificateState.EXPECTED
    )
    certificate_number = models.CharField(max_length=REFERENCE_LENGTH, blank=True)
    certificate_on = models.DateField("certificate's day", null=True, blank=True)
    certificate_amount = MoneyField("certificate's amount", null=True, blank=True)
    asked_at = models.DateTimeField(
        "last asked for", null=True, blank=True, help_text="When the customer was last mailed about its certificate."
    )

    objects = WithheldTaxQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "tax withheld"
        verbose_name_plural = "taxes withheld"
        ordering = ["-deducted_on", "-created_at"]
        indexes = [models.Index(fields=["quarter_start"], name="withheld_tax_by_quarter")]
        constraints = [
            models.CheckConstraint(
                condition=Q(quarter_start__month__in=[1, 4, 7, 10], quarter_start__day=1)
                & Q(deducted_on__year=F("quarter_start__year"))
                & Q(deducted_on__month__gte=F("quarter_start__month"))
                & Q(deducted_on__month__lt=F("quarter_start__month") + 3),
                name="withheld_tax_is_of_its_quarter",
            ),
            models.CheckConstraint(
                condition=Q(taxable_value__isnull=True) | Q(taxable_value__gt=0), name="tax_is_withheld_of_some_value"
            ),
            models.CheckConstraint(
                condition=Q(
                    certificate_state="expected",
                    certificate_number="",
                    certificate_on__isnull=True,
                    certificate_amount__isnull=True,
                )
                | Q(
                    certificate_state__in=["received", "mismatched"],
                    certificate_on__isnull=False,
                    certificate_amount__gt=0,
                )
                & ~Q(certificate_number=""),
                name="certificate_is_named_once_it_came",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="its_payment_never_changes", fields=["payment", "deducted_on", "quarter_start"]),
            no_truncate(),
            pgtrigger.Trigger(
                name="is_of_tax_withheld",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("paid", "payments_payment%ROWTYPE")],
                func=_IS_OF_TDS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment.shown(self.payment.amount)} of {self.quarter}"

    @property
    def quarter(self) -> str:
        """ "26-27 Q3" """
        return quarter_text(self.quarter_start)

    @property
    def rate(self) -> Decimal | None:
        """In percent of the value without GST, to two decimals; None where the value is not known."""
        return rate_of(self.payment.amount, self.taxable_value) if self.taxable_value else None

    @property
    def due_day(self) -> date:
        """By when the customer owes the certificate."""
        return certificate_due_day(self.quarter_start)

    @property
    def form(self) -> str:
        """The number of the certificate's form: 131, or 16A before April 2026."""
        return in_force(WITHHOLDING_CERTIFICATE, self.deducted_on)

    @property
    def is_to_chase(self) -> bool:
        """The same question as `to_chase()`, of one row."""
        received = self.certificate_state == self.CertificateState.RECEIVED
        return not received and self.payment.status != Payment.Status.REVERSED


class CertificateFile(BaseModel, TenantModel):
    """A certificate as it came, a PDF, with its SHA-256. A later upload stands beside the earlier one, and counts."""

    tenant_path = "withheld_tax__payment__organisation"

    withheld_tax = models.ForeignKey(WithheldTax, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=FILE_NAME_LENGTH, help_text="As it was uploaded.")
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Exact(
                    F("sha256"),
                    Func(
                        Func(F("content"), function="sha256", output_field=BinaryField()),
                        Value("hex"),
                        function="encode",
                    ),
                ),
                name="certificate_file_is_its_fingerprint",
            ),
            models.CheckConstraint(
                condition=Exact(F("size"), Func(F("content"), function="length")), name="certificate_file_has_its_size"
            ),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name
