"""Runs of the checks: when the numbers of some days were compared, and what came of it."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models import Organisation
from organisations.scoping import Actor, reaches_every_organisation
from reconciliation.findings import Window
from reconciliation.models.check_name import CheckName

LATE_AFTER = timedelta(hours=6)
"""After the day, or after it was begun: then a run is late. It is due two hours after the day, and takes minutes."""


class EverybodysQuerySet(models.QuerySet["Run"]):
    def for_organisations(self, actor: Actor) -> Self:
        """A run counts what it finds of all customers: only who may see all of them may see it."""
        return self if reaches_every_organisation(actor) else self.none()

    def failed(self) -> Self:
        """With a check that was given up, and that nobody has done since over the same days."""
        later = CheckRun.objects.filter(
            Q(run__organisation__isnull=True) | Q(run__organisation=OuterRef("run__organisation")),
            check_name=OuterRef("check_name"),
            status=CheckRun.Status.DONE,
            created_at__gt=OuterRef("created_at"),
            run__first_day__lte=OuterRef("run__first_day"),
            run__last_day__gte=OuterRef("run__last_day"),
        )
        given_up = CheckRun.objects.filter(~Exists(later), run=OuterRef("pk"), status=CheckRun.Status.FAILED)
        return self.filter(Exists(given_up))

    def late(self) -> Self:
        """Daily runs that are still at work hours after they began; and the newest, if the next one was not begun."""
        now = clock.now()
        daily = Run.objects.filter(cause=Run.Cause.SCHEDULE).order_by("-last_day")
        due = (now - LATE_AFTER).astimezone(UTC).date() - timedelta(days=1)
        newest = daily.filter(pk=Subquery(daily.values("pk")[:1]), last_day__lt=due).values("pk")
        at_work = Q(finished_at__isnull=True, cause=Run.Cause.SCHEDULE, created_at__lt=now - LATE_AFTER)
        return self.filter(at_work | Q(pk__in=newest))


class Run(BaseModel):
    """One look at the numbers of some days, of all customers or of one: a row of CheckRun for each check."""

    class Cause(models.TextChoices):
        SCHEDULE = "schedule", "Every day"
        PERSON = "person", "Asked for"
        COMMAND = "command", "From the command line"

    first_day = models.DateField(help_text="UTC.")
    last_day = models.DateField(help_text="UTC; included.")
    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: all customers.",
    )
    cause = models.CharField(max_length=8, choices=Cause)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True, help_text="Empty until each check has ended.")

    objects = EverybodysQuerySet.as_manager()

    class Meta:
        verbose_name = "reconciliation run"
        verbose_name_plural = "reconciliation runs"
        ordering = ["-created_at"]
        permissions = [("start_run", "Can start a reconciliation run")]
        indexes = [models.Index(fields=["-created_at"], name="run_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="run_days_in_order",
                violation_error_message="The last day is before the first one.",
            ),
            models.UniqueConstraint(
                fields=["first_day", "last_day"], condition=Q(cause="schedule"), name="one_scheduled_run_of_a_window"
            ),
        ]

    constraint_fields = {"run_days_in_order": "last_day"}

    def __str__(self) -> str:
        if self.first_day == self.last_day:
            return day_text(self.first_day)
        return f"{day_text(self.first_day)} to {day_text(self.last_day)}"

    @property
    def window(self) -> Window:
        return Window(self.first_day, self.last_day, self.organisation_id)


class CheckRun(ClaimedWork, BaseModel):
    """One check of a run: claimed by one worker at a time. It may be done twice, and go on after a worker died:
    discrepancies are known again by their names, and are closed only by a check that came to its end."""

    claim_lasts = timedelta(minutes=40)
    max_attempts = 3

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        AT_WORK = "at_work", "At work"
        FAILED = "failed", "Failed"
        DONE = "done", "Done"

    own_status = {
        State.WAITING: Status.WAITING,
        State.AT_WORK: Status.AT_WORK,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.DONE,
    }

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="checks")
    check_name = models.CharField("check", max_length=20, choices=CheckName)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    reads_from = models.DateTimeField(
        null=True, blank=True, help_text="When the reading began that the outcome tells of."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    pieces_done = models.PositiveIntegerField(
        default=0, help_text="How many days of the window are done; of a check that looks at everything, 1 is all."
    )
    compared = models.PositiveBigIntegerField(default=0, help_text="How many things were looked at.")
    found = models.PositiveBigIntegerField(default=0, help_text="How many of them don't agree.")
    is_cut_short = models.BooleanField(
        "cut short",
        default=False,
        help_text="Not all could be read, or more was found than is stored: nothing was closed as gone.",
    )

    class Meta:
        verbose_name = "check of a run"
        verbose_name_plural = "checks of runs"
        ordering = ["run", "created_at"]
        indexes = [
            due_index("check_due"),
            models.Index(fields=["check_name", "-ended_at"], name="check_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "check_name"], name="check_once_in_a_run"),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(ended_at__isnull=False, reads_from__isnull=False),
                name="check_that_is_done_has_read",
            ),
        ]

    def __str__(self) -> str:
        return self.get_check_name_display()
