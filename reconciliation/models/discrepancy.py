"""What doesn't agree: found by a check, found again by later ones, and closed when it is gone or a person decided."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import REASON_LENGTH
from invoicing.models.columns import MoneyField
from invoicing.rates import BOOKS
from organisations.models import Organisation
from organisations.scoping import TenantModel, TenantQuerySet
from reconciliation.findings import ABOUT_LENGTH, KIND_LENGTH, SUBJECT_LENGTH, FindingKind
from reconciliation.models.check_name import CheckName


class DiscrepancyQuerySet(TenantQuerySet):
    def standing(self) -> Self:
        """Those that wait for a person: open, or looked at already."""
        return self.filter(state__in=[Discrepancy.State.OPEN, Discrepancy.State.ACKNOWLEDGED])


class Discrepancy(BaseModel, TenantModel):
    """One row for each thing that doesn't agree, however often it is found. Of all customers where it names none.

    `decided_*` say who acknowledged, repaired or wrote it off. A written-off one stays so while it is found as it was
    then; where it says something else, or where it is found again after it was repaired or gone, it is open again.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        REPAIRED = "repaired", "Repaired"
        WRITTEN_OFF = "written_off", "Written off"
        GONE = "gone", "Gone by itself"

    currency = BOOKS

    check_name = models.CharField("check", max_length=20, choices=CheckName)
    kind = models.CharField(max_length=KIND_LENGTH, choices=FindingKind)
    subject = models.CharField(max_length=SUBJECT_LENGTH, help_text="What it is about, as later runs know it again.")
    about = models.CharField(max_length=ABOUT_LENGTH, help_text="What it is about, for people.")
    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    day = models.DateField(help_text="The day of the window that it belongs to.")
    expected = models.TextField()
    found = models.TextField()
    worth = MoneyField(null=True, blank=True, help_text="Estimate in rupees. Empty: not known.")
    facts = models.JSONField(default=dict, blank=True, help_text="What a repair needs to know.")
    gist = models.TextField(
        blank=True, editable=False, help_text="A written-off one is opened again when a check says something else here."
    )
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(help_text="When the reading began that found it last.")
    times_opened = models.PositiveIntegerField(default=1)
    gone_at = models.DateTimeField(
        null=True, blank=True, help_text="When the reading began that did not find it any more."
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=REASON_LENGTH, blank=True)

    objects = DiscrepancyQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name_plural = "discrepancies"
        ordering = ["-first_seen_at"]
        permissions = [("resolve_discrepancy", "Can acknowledge, assign, repair or write off a discrepancy")]
        indexes = [
            models.Index(
                fields=["check_name", "day"],
                condition=Q(state__in=["open", "acknowledged"]),
                name="discrepancy_standing",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["check_name", "kind", "subject"], name="discrepancy_once"),
            models.CheckConstraint(
                condition=~Q(state="written_off") | (~Q(reason="") & Q(decided_by__isnull=False)),
                name="discrepancy_is_written_off_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["acknowledged", "repaired", "written_off"]) | Q(decided_at__isnull=False),
                name="discrepancy_that_was_decided_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="gone") | Q(gone_at__isnull=False), name="discrepancy_that_is_gone_has_its_time"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            no_truncate(),
            pgtrigger.ReadOnly(
                name="what_it_is_about_never_changes", fields=["check_name", "kind", "subject", "first_seen_at"]
            ),
        ]

    def __str__(self) -> str:
        return self.about

    @property
    def age_days(self) -> int:
        """Whole days since it was first seen, until it was gone or decided."""
        until = clock.now() if self.is_standing else (self.gone_at or self.decided_at or self.last_seen_at)
        return max((until - self.first_seen_at).days, 0)

    @property
    def is_standing(self) -> bool:
        return self.state in (self.State.OPEN, self.State.ACKNOWLEDGED)
