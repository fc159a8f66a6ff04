"""How a periodic job fared on a day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

PROBLEM_LENGTH = 300


class JobDay(models.Model):
    """One row for each job and UTC day on which it ended at least once. What was killed has left no trace: the job is
    late then. Jobs write it in passing: it is for people to look at, and no rule relies on it."""

    task = models.CharField(max_length=200, help_text="Such as events.tasks.settle_pending.")
    day = models.DateField(help_text="The UTC day on which the runs ended.")
    ran = models.PositiveIntegerField(help_text="How often, failures included.")
    failed = models.PositiveIntegerField()
    longest_ms = models.PositiveBigIntegerField("longest", help_text="The longest run, in milliseconds.")
    last_run_at = models.DateTimeField()
    last_failed_at = models.DateTimeField(null=True, blank=True)
    last_problem = models.CharField(max_length=PROBLEM_LENGTH, blank=True)

    class Meta:
        ordering = ["task", "day"]
        constraints = [
            models.UniqueConstraint(fields=["task", "day"], name="one_row_per_job_and_day"),
            models.CheckConstraint(
                condition=Q(failed=0, last_failed_at__isnull=True)
                | Q(failed__gt=0, failed__lte=models.F("ran"), last_failed_at__isnull=False),
                name="failed_job_day_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} on {self.day}"
