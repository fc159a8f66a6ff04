"""The clock of a test customer: what its months, invoices and reminders take for now."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel


class ClockStatus(StrEnum):
    """What a test clock does: it stands, it is on its way, or it stopped at something that a person has to see to."""

    READY = "ready"
    ADVANCING = "advancing"
    FAILED = "failed"


class TestClock(ClaimedWork, BaseModel, TenantModel):
    """One for each test customer. It only goes forward, moment by moment: a job that dies leaves it at the last moment
    whose work is done, and the next one goes on from there."""

    __test__ = False  # it is no test for pytest to run

    claim_lasts = timedelta(minutes=5)
    max_attempts = 5

    organisation = models.OneToOneField(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="test_clock"
    )
    started_at = models.DateTimeField(help_text="When its time began.")
    now = models.DateTimeField(help_text="What the customer takes for now.")
    moved_from = models.DateTimeField(help_text="Where it stood before it was last moved.")
    advance_to = models.DateTimeField(null=True, blank=True, help_text="Where it was last moved to. Empty: never.")
    moved_by = models.CharField(max_length=200, blank=True)
    next_attempt_at = models.DateTimeField("next try", null=True, blank=True, help_text="Empty: it stands.")

    class Meta:
        verbose_name = "test clock"
        ordering = ["-created_at"]
        permissions = [("advance_testclock", "Can advance a test clock")]
        indexes = [due_index("test_clock_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(started_at__lte=F("moved_from"), moved_from__lte=F("now"))
                & (Q(advance_to__isnull=True) | Q(advance_to__gte=F("now"))),
                name="test_clock_moves_between_its_marks",
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="a_test_clock_only_goes_forward",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF NEW.now < OLD.now OR NEW.organisation_id <> OLD.organisation_id
                       OR NEW.started_at <> OLD.started_at THEN
                        RAISE EXCEPTION 'A test clock only goes forward.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="a_test_clock_is_a_test_customers",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NOT EXISTS (
                        SELECT FROM organisations_organisation WHERE id = NEW.organisation_id AND is_test
                    ) THEN
                        RAISE EXCEPTION 'Only a test customer has a test clock.';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Test clock of {self.organisation}"

    @classmethod
    def begin(cls, organisation: Organisation) -> TestClock:
        """Store the clock of a new test customer, which shows the real time."""
        at = clock.now()
        row: TestClock = cls.objects.create(organisation=organisation, started_at=at, now=at, moved_from=at)
        return row

    @property
    def status(self) -> ClockStatus:
        if self.next_attempt_at is not None:
            return ClockStatus.ADVANCING
        return ClockStatus.FAILED if self.work_state == State.GIVEN_UP else ClockStatus.READY


def now_of(organisation: Organisation) -> datetime:
    """What a customer takes for now: a test customer what its clock shows, which is read anew; others the time."""
    if not organisation.is_test:
        return clock.now()
    shown: datetime | None = TestClock.objects.filter(organisation=organisation).values_list("now", flat=True).first()
    return shown or clock.now()
