"""Where the platform tells another program what happened: a customer's webhook endpoint, or the seller's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.http.outgoing import UrlRefused, check_url
from billing_platform.lib.sealing import BEGINNING, ending
from billing_platform.lib.validators import validate_line
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel, TenantQuerySet

_SEALED = f"^{BEGINNING}"
FAILS_FOR_LONG = timedelta(hours=1)
"""People are told of an endpoint that takes nothing for so long; a receiver's restart is shorter."""
CURRENT_VERSION = "2026-11"
"""Of the payloads that are written now."""


def validate_receiver(value: Any) -> None:
    """Accepts the address of a receiver: see `lib.http.outgoing` for what is refused."""
    try:
        check_url(value if isinstance(value, str) else "")
    except UrlRefused as error:
        raise ValidationError(str(error)) from None


class WebhookEndpointQuerySet(TenantQuerySet):
    def locked(self) -> Self:
        """Nobody else changes them meanwhile; messages to them are written all the same: an invoice that is being
        issued doesn't wait for a replay. Lock an endpoint before its deliveries."""
        return self.select_for_update(no_key=True, of=("self",))

    def taken_out_of_use(self) -> Self:
        """Those that the platform disabled, because their receivers took nothing: they wait for a person."""
        return self.filter(status=WebhookEndpoint.Status.DISABLED, disabled_by="")

    def failing(self) -> Self:
        """In use, and its receiver took nothing for an hour or more: it will be disabled."""
        long_ago = clock.now() - FAILS_FOR_LONG
        return self.filter(status=WebhookEndpoint.Status.ACTIVE, failing_since__lte=long_ago)


class WebhookEndpoint(BaseModel, TenantModel):
    """One address. Without organisation it is the seller's own, and hears of every customer.

    The secrets are sealed (`lib.sealing`), and the table refuses any that are not. The first answer to its making, and
    to a rotation, shows the secret; nothing shows it again.
    """

    class Payload(models.TextChoices):
        FULL = "full", "The whole object"
        THIN = "thin", "Its id only"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DISABLED = "disabled", "Disabled"

    class Version(models.TextChoices):
        FIRST = CURRENT_VERSION, CURRENT_VERSION

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhook_endpoints",
        help_text="Empty: the seller's own endpoint, which hears of every customer.",
    )
    url = models.CharField(
        "URL", max_length=500, validators=[validate_receiver], help_text="Begins with https:// and names a public host."
    )
    description = models.CharField(max_length=200, blank=True, validators=[validate_line])
    event_types = models.JSONField(
        default=list, blank=True, help_text="Which events it hears of, such as invoice.paid. None chosen: all of them."
    )
    payload = models.CharField(
        max_length=4, choices=Payload, default=Payload.FULL, help_text="What a message holds of its object."
    )
    version = models.CharField(
        max_length=7, choices=Version, default=CURRENT_VERSION, help_text="In which shape payloads are written."
    )
    secret = models.TextField(editable=False)
    previous_secret = models.TextField(editable=False, blank=True)
    previous_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then messages are signed with the previous secret as well."
    )
    older_secret = models.TextField(editable=False, blank=True)
    older_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then messages are signed with the secret before that as well."
    )
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    disabled_reason = models.CharField(max_length=500, blank=True)
    disabled_by = models.CharField(max_length=200, blank=True, help_text="Empty: the platform, as it took nothing.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="When the first try failed since the last one that succeeded."
    )
    quiet_until = models.DateTimeField(
        null=True, blank=True, help_text="Its receiver asked (Retry-After) for no messages before."
    )

    objects = WebhookEndpointQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    constraint_fields = {"webhook_endpoint_once_per_url": "url"}

    class Meta:
        verbose_name = "webhook endpoint"
        ordering = ["-created_at"]
        permissions = [("replay_webhookendpoint", "Can test an endpoint and replay its deliveries")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "url"],
                name="webhook_endpoint_once_per_url",
                nulls_distinct=False,
                violation_error_message="There is an endpoint with this URL already: change that one.",
            ),
            models.CheckConstraint(
                condition=Q(secret__regex=_SEALED)
                & (
                    Q(previous_secret="", previous_until__isnull=True)
                    | Q(previous_secret__regex=_SEALED, previous_until__isnull=False)
                )
                & (
                    Q(older_secret="", older_until__isnull=True)
                    | Q(older_secret__regex=_SEALED, older_until__isnull=False)
                ),
                name="webhook_endpoint_secrets_are_sealed",
            ),
            models.CheckConstraint(
                condition=Q(status="active", disabled_at__isnull=True, disabled_reason="", disabled_by="")
                | (Q(status="disabled", disabled_at__isnull=False) & ~Q(disabled_reason="")),
                name="disabled_webhook_endpoint_says_since_when_and_why",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def is_in_trouble(self) -> bool:
        return not self.is_active or self.failing_since is not None

    @property
    def secret_ending(self) -> str:
        return ending(self.secret)

    @property
    def sealed_secrets(self) -> list[str]:
        """With which messages are signed now, the newest first."""
        return [self.secret, *(secret for secret, _until in self.overlapping)]

    @property
    def overlapping(self) -> list[tuple[str, datetime]]:
        """Sealed secrets from before that messages are signed with as well, and until when."""
        before = ((self.previous_secret, self.previous_until), (self.older_secret, self.older_until))
        return [(secret, until) for secret, until in before if until is not None and until > clock.now()]
