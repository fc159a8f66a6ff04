"""Switches on a customer that jobs obey: for a time nothing is issued, e-mailed, collected, or asked for again."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import cached_property

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.dates_in_words import last_day_text, time_text
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.validators import validate_line
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel, TenantQuerySet


class BillingHoldQuerySet(TenantQuerySet):
    def standing(self, at: datetime | None = None) -> Self:
        """Those that hold at a moment, now unless said otherwise."""
        moment = at or clock.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment), starts_at__lte=moment)

    def ended(self, at: datetime | None = None) -> Self:
        return self.filter(ends_at__lte=at or clock.now())


def held(kind: str, organisation: str = "organisation") -> Exists:
    """For querysets: whether the row's customer is held so now. `organisation` is the path to it."""
    return Exists(BillingHold.objects.standing().filter(kind=kind, organisation=OuterRef(organisation)))


class BillingHold(BaseModel, TenantModel):
    """One hold, from when it was placed until its end, which comes by itself, or until somebody lifts it.

    A customer may be held in several ways at once, and twice in the same way for two reasons. Rows stay as the record
    of who held what, when and why.
    """

    class Kind(models.TextChoices):
        DRAFT_ONLY = "draft_only", "Draft only"
        NO_EMAIL = "no_email", "No e-mail"
        NO_COLLECTION = "no_collection", "No collection"
        NO_REMINDERS = "no_reminders", "No reminders"

    organisation = models.ForeignKey(
        Organisation, verbose_name="customer", on_delete=models.PROTECT, related_name="billing_holds"
    )
    kind = models.CharField(max_length=13, choices=Kind)
    reason = models.CharField(max_length=REASON_LENGTH, validators=[validate_line])
    starts_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until somebody lifts it.")
    placed_by = models.CharField(max_length=200)
    lifted_by = models.CharField(max_length=200, blank=True, help_text="Empty: it stands, or ended by itself.")

    objects = BillingHoldQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {"billing_hold_ends_after_it_starts": "ends_at"}

    class Meta:
        verbose_name = "hold"
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["kind", "organisation", "ends_at"], name="billing_hold_standing")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="billing_hold_ends_after_it_starts",
                violation_error_message="The hold would be over before it begins: choose a later end.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.span}"

    @property
    def is_standing(self) -> bool:
        return self.ends_at is None or self.ends_at > clock.now()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The seller's: days of a hold are its days."""
        return ZoneInfo(self.organisation.billing_entity.time_zone)

    @property
    def span(self) -> str:
        """How long: "until 31 Dec 2026" where it ends with that day, the time where it does not, "until lifted"."""
        if self.ends_at is None:
            return "until it is lifted"
        local = self.ends_at.astimezone(self.zone)
        if (local.hour, local.minute, local.second) == (0, 0, 0):
            return f"until {last_day_text(local.date())}"
        return f"until {time_text(self.ends_at, self.zone)}"

    @property
    def sentence(self) -> str:
        """What it does, how long and why."""
        return f"{self.get_kind_display()} {self.span}: {self.reason}"
