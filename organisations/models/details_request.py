"""What a customer asks to have changed about itself: its name, address and GSTIN, or its billing e-mail."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel, TenantQuerySet

PARTY_FIELDS = (
    "legal_name",
    "gstin",
    "address_line1",
    "address_line2",
    "city",
    "postal_code",
    "state_code",
)


class DetailsRequestQuerySet(TenantQuerySet):
    def to_decide(self) -> Self:
        return self.filter(status=DetailsRequest.Status.OPEN)


class DetailsRequest(BaseModel, TenantModel):
    """New values that a customer proposes, beside those that stood when it asked. A person approves or rejects them;
    until then nothing changes."""

    class Subject(models.TextChoices):
        PARTY = "party", "Name, address and GSTIN"
        EMAIL = "email", "Billing e-mail"

    class Status(models.TextChoices):
        OPEN = "open", "To decide"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="details_requests"
    )
    subject = models.CharField("about", max_length=5, choices=Subject)
    proposed = models.JSONField(help_text="New values by field.")
    before = models.JSONField(help_text="What stood there when the customer asked.")
    note = models.CharField(max_length=REASON_LENGTH, blank=True, validators=[validate_line])
    asked_by = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    reason = models.CharField(
        max_length=REASON_LENGTH, blank=True, validators=[validate_line], help_text="Why it was rejected."
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)

    objects = DetailsRequestQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "change of details"
        verbose_name_plural = "changes of details"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "subject"], condition=Q(status="open"), name="one_open_details_request"
            ),
            models.CheckConstraint(
                condition=Q(status="open", decided_at__isnull=True, decided_by="", reason="")
                | Q(status="approved", decided_at__isnull=False, reason="") & ~Q(decided_by="")
                | Q(status="rejected", decided_at__isnull=False) & ~Q(decided_by="") & ~Q(reason=""),
                name="details_request_tells_its_decision",
            ),
            models.CheckConstraint(condition=~Q(proposed={}), name="details_request_proposes_something"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_proposed_stays",
                fields=["organisation", "subject", "proposed", "before", "note", "asked_by", "created_at"],
            ),
            pgtrigger.Protect(
                name="decided_once", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__status="open")
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} of {self.organisation}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN
