"""A saved view that is mailed to its owner as a file: every day, week or month."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, due_index
from organisations.models.saved_view import SavedView

LAST_DAY_OF_EVERY_MONTH = 28
A_DAY = timedelta(days=1)
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class MailedViewQuerySet(models.QuerySet[Any]):
    def stopped(self) -> Self:
        """Those that nothing is mailed of until a person has seen to the reason."""
        return self.filter(next_attempt_at__isnull=True).exclude(last_failure="")


class MailedView(ClaimedWork, BaseModel):
    """It goes to the view's owner and to nobody else: what stands in the file is what the owner may see at that time,
    and colleagues may see other rows and columns. They save the view for themselves.

    Three states follow from the columns of `ClaimedWork`: it is on while a next try is set, stopped by a failure, or
    paused by a person.
    """

    class Frequency(models.TextChoices):
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"
        MONTHLY = "monthly", "Every month"

    class Weekday(models.IntegerChoices):
        MONDAY = 1, "Monday"
        TUESDAY = 2, "Tuesday"
        WEDNESDAY = 3, "Wednesday"
        THURSDAY = 4, "Thursday"
        FRIDAY = 5, "Friday"
        SATURDAY = 6, "Saturday"
        SUNDAY = 7, "Sunday"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel (XLSX)"

    class Outcome(models.TextChoices):
        SENT = "sent", "File mailed"
        EMPTY = "empty", "No rows: mailed without a file"
        TOO_LARGE = "too_large", "Too large: a link was mailed"

    claim_lasts = timedelta(minutes=10)
    max_attempts = 5

    view = models.OneToOneField(SavedView, on_delete=models.CASCADE, related_name="mailed")
    frequency = models.CharField("how often", max_length=7, choices=Frequency, default=Frequency.DAILY)
    weekday = models.PositiveSmallIntegerField(
        "on", choices=Weekday, default=Weekday.MONDAY, help_text="If it goes out every week."
    )
    day_of_month = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(LAST_DAY_OF_EVERY_MONTH)],
        help_text="If it goes out every month: 1 to 28.",
    )
    hour = models.PositiveSmallIntegerField("at", choices=HOURS, default=8, help_text="On the operators' clock.")
    file_format = models.CharField("as", max_length=4, choices=Format, default=Format.CSV)
    next_day = models.DateField(
        "next", editable=False, help_text="The day of the operators' calendar that is mailed next."
    )
    zone = models.CharField(
        "time zone", max_length=64, editable=False, help_text="The operators' clock by which its next try is set."
    )
    asked_at = models.DateTimeField(
        "asked for", null=True, blank=True, editable=False, help_text="Of a mail out of turn, until it is written."
    )
    last_run_at = models.DateTimeField("last mailed", null=True, blank=True, editable=False)
    last_outcome = models.CharField("outcome", max_length=9, choices=Outcome, blank=True, editable=False)
    last_rows = models.PositiveIntegerField("rows", null=True, blank=True, editable=False)

    objects = MailedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "list by e-mail"
        verbose_name_plural = "lists by e-mail"
        ordering = ["-created_at"]
        indexes = [due_index("mailed_view_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    weekday__range=(1, 7), day_of_month__range=(1, LAST_DAY_OF_EVERY_MONTH), hour__range=(0, 23)
                ),
                name="mailed_view_is_of_the_calendar",
            ),
            models.CheckConstraint(
                condition=Q(last_run_at__isnull=True, last_outcome="", last_rows__isnull=True)
                | (Q(last_run_at__isnull=False) & ~Q(last_outcome="")),
                name="mailed_view_has_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return self.view.name

    @property
    def is_on(self) -> bool:
        return self.next_attempt_at is not None

    @property
    def is_stopped(self) -> bool:
        return not self.is_on and bool(self.last_failure)

    @property
    def is_paused(self) -> bool:
        return not self.is_on and not self.last_failure

    @property
    def rhythm(self) -> str:
        """ "Every week on Monday", "Every month on day 3"."""
        on = {self.Frequency.WEEKLY: f" on {self.get_weekday_display()}"}
        on[self.Frequency.MONTHLY] = f" on day {self.day_of_month}"
        return f"{self.get_frequency_display()}{on.get(self.Frequency(self.frequency), '')}"

    def day_from(self, day: date) -> date:
        """The first day of the rhythm that is not before this one."""
        while not self._falls_on(day):
            day += A_DAY
        return day

    def moment_of(self, day: date, zone: tzinfo) -> datetime:
        """When that day's mail is due. An hour that the clock leaves out in spring is the hour after it."""
        return datetime.combine(day, time(self.hour), zone).astimezone(UTC)

    def day_after(self, now: datetime, zone: tzinfo) -> date:
        """The first day of the rhythm whose hour is still to come."""
        day = self.day_from(now.astimezone(zone).date())
        return day if self.moment_of(day, zone) > now else self.day_from(day + A_DAY)

    def _falls_on(self, day: date) -> bool:
        if self.frequency == self.Frequency.WEEKLY:
            return day.isoweekday() == self.weekday
        return self.frequency == self.Frequency.DAILY or day.day == self.day_of_month
