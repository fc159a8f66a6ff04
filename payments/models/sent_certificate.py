"""A TDS certificate that a customer sent by itself: received, and to be checked by a person."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import BinaryField, F, Func, Q, Value
from django.db.models.lookups import Exact

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.law import RUPEES
from billing_platform.lib.limits import REASON_LENGTH, REFERENCE_LENGTH
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.validators import validate_line
from invoicing.models.columns import MoneyField
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from payments.models.withheld_tax import FILE_NAME_LENGTH
from payments.withholding import quarter_text


class SentCertificateQuerySet(TenantQuerySet):
    def to_check(self) -> Self:
        return self.filter(status=SentCertificate.Status.TO_CHECK)


class SentCertificate(BaseModel, TenantModel):
    """A PDF for one quarter, with the number and the amount that the customer typed. Accepted, it is recorded with the
    taxes withheld that it is for; rejected, the customer is told why. The file stays either way."""

    class Status(models.TextChoices):
        TO_CHECK = "to_check", "To check"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="sent_certificates"
    )
    quarter_start = models.DateField("quarter", help_text="Its first day.")
    certificate_number = models.CharField(max_length=REFERENCE_LENGTH, validators=[validate_line])
    certificate_on = models.DateField("certificate's day")
    certificate_amount = MoneyField("certificate's amount", help_text="In rupees.")
    name = models.CharField("file", max_length=FILE_NAME_LENGTH, help_text="As it was uploaded.")
    content = models.BinaryField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64)
    sent_by = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status, default=Status.TO_CHECK)
    reason = models.CharField(
        max_length=REASON_LENGTH, blank=True, validators=[validate_line], help_text="Why it was rejected."
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)

    currency = RUPEES
    """Of all certificates: taxes are withheld in rupees."""

    objects = SentCertificateQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "certificate sent in"
        verbose_name_plural = "certificates sent in"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "sha256"], condition=~Q(status="rejected"), name="certificate_is_sent_once"
            ),
            models.CheckConstraint(
                condition=Q(quarter_start__month__in=[1, 4, 7, 10], quarter_start__day=1),
                name="sent_certificate_is_of_a_quarter",
            ),
            models.CheckConstraint(
                condition=Q(certificate_amount__gt=0) & ~Q(certificate_number=""),
                name="sent_certificate_names_number_and_amount",
            ),
            models.CheckConstraint(
                condition=Q(status="to_check", decided_at__isnull=True, decided_by="", reason="")
                | Q(status="accepted", decided_at__isnull=False, reason="") & ~Q(decided_by="")
                | Q(status="rejected", decided_at__isnull=False) & ~Q(decided_by="") & ~Q(reason=""),
                name="sent_certificate_tells_its_decision",
            ),
            models.CheckConstraint(
                condition=Exact(
                    F("sha256"),
                    Func(
                        Func(F("content"), function="sha256", output_field=BinaryField()),
                        Value("hex"),
                        function="encode",
                    ),
                )
                & Exact(F("size"), Func(F("content"), function="length")),
                name="sent_certificate_is_its_fingerprint",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_sent_stays",
                fields=[
                    "organisation",
                    "quarter_start",
                    "certificate_number",
                    "certificate_on",
                    "certificate_amount",
                    "name",
                    "content",
                    "size",
                    "sha256",
                    "sent_by",
                    "created_at",
                ],
            ),
            pgtrigger.Protect(
                name="decided_once", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__status="to_check")
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"Certificate {self.certificate_number} of {self.organisation}"

    @property
    def quarter(self) -> str:
        """ "26-27 Q3" """
        return quarter_text(self.quarter_start)

    @property
    def is_to_check(self) -> bool:
        return self.status == self.Status.TO_CHECK

    @property
    def amount_text(self) -> str:
        return format_money(self.certificate_amount, self.currency)
