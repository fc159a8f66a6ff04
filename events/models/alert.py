"""The history of alerts: what a rule saw when it fired, whom it told, and how it ended."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.append_only import no_truncate
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import QUANTITY_PLACES
from events.models.alert_rule import AlertRule
from organisations.models import Organisation
from organisations.scoping import TenantModel


class Alert(BaseModel, TenantModel):
    """One threshold, crossed in one period: once, by the database. What it saw never changes; its state moves on."""

    class State(models.TextChoices):
        FIRING = "firing", "Firing"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        RECOVERED = "recovered", "Recovered"
        OVER = "over", "Period over"

    class Notice(models.TextChoices):
        SENT = "sent", "Sent"
        MUTED = "muted", "Not sent: muted"
        COOLING_DOWN = "cooling_down", "Not sent: cooling down"

    OPEN = (State.FIRING, State.ACKNOWLEDGED)

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="alerts"
    )
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="alerts")
    threshold = models.DecimalField(max_digits=38, decimal_places=QUANTITY_PLACES)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField(help_text="The first moment after it.")
    value = models.DecimalField(
        max_digits=38, decimal_places=QUANTITY_PLACES, help_text="What was compared with the threshold."
    )
    quantity = models.DecimalField(
        max_digits=38, decimal_places=QUANTITY_PLACES, null=True, blank=True, help_text="Usage of the period."
    )
    usual = models.DecimalField(
        "compared with",
        max_digits=38,
        decimal_places=QUANTITY_PLACES,
        null=True,
        blank=True,
        help_text="Usage that it was compared with.",
    )
    sentence = models.TextField("what happened")
    state = models.CharField(max_length=12, choices=State, default=State.FIRING)
    notice = models.CharField(max_length=12, choices=Notice)
    fired_at = models.DateTimeField(default=clock.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it recovered, or its period was over.")
    value_at_end = models.DecimalField(
        max_digits=38, decimal_places=QUANTITY_PLACES, null=True, blank=True, help_text="What it recovered to."
    )

    class Meta:
        verbose_name = "alert"
        ordering = ["-fired_at", "-threshold"]
        permissions = [("acknowledge_alert", "Can acknowledge an alert")]
        indexes = [
            models.Index(fields=["rule", "period_start"], condition=Q(ended_at__isnull=True), name="alert_open"),
            models.Index(fields=["organisation", "-fired_at"], name="alert_history"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["rule", "threshold", "period_start"], name="alert_once_per_period"),
            models.CheckConstraint(
                condition=Q(state__in=["firing", "acknowledged"], ended_at__isnull=True)
                | Q(state__in=["recovered", "over"], ended_at__isnull=False),
                name="alert_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="")),
                name="acknowledged_alert_says_by_whom",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="alert_is_history", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="alert_stays_what_it_saw",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    IF (NEW.organisation_id, NEW.rule_id, NEW.threshold, NEW.period_start, NEW.period_end, NEW.value,
                        NEW.quantity, NEW.usual, NEW.sentence, NEW.notice, NEW.fired_at)
                       IS DISTINCT FROM
                       (OLD.organisation_id, OLD.rule_id, OLD.threshold, OLD.period_start, OLD.period_end, OLD.value,
                        OLD.quantity, OLD.usual, OLD.sentence, OLD.notice, OLD.fired_at) THEN
                        RAISE EXCEPTION 'What an alert saw never changes.';
                    END IF;
                    IF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
                        RAISE EXCEPTION 'An alert that ended does not begin again.';
                    END IF;
                    RETURN NEW;
                """,
            ),
            no_truncate(),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def is_open(self) -> bool:
        return self.ended_at is None
