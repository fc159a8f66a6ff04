"""The outbox: every message to somebody outside is a row first, and is sent from the row."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.work.claims import ClaimedWork, State, due_index
from organisations.models.organisation import Organisation
from organisations.scoping import TenantModel, TenantQuerySet

_PORTAL_TOKEN = re.compile(r"(/portal/open/)[\w-]+")

Q_OF_STATE = {
    "complained": Q(complained_at__isnull=False),
    "bounced": Q(bounced_at__isnull=False),
    "opened": Q(opened_at__isnull=False),
    "delivered": Q(delivered_at__isnull=False),
}
"""What a provider told, the worst first: the first that holds is the state of an e-mail that was sent."""


class EmailState(models.TextChoices):
    """The statuses of the work, and what a provider tells after it."""

    PENDING = "pending", "Pending"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    NOT_SENT = "not_sent", "Not sent"
    DELIVERED = "delivered", "Delivered"
    OPENED = "opened", "Opened"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained of"


class NotificationQuerySet(TenantQuerySet):
    def in_state(self, state: str) -> Self:
        """Those whose `state` it is."""
        found = self
        for other, told in Q_OF_STATE.items():
            if other == state:
                return found.filter(told)
            found = found.exclude(told)
        return found.filter(status=state)

    def did_not_arrive(self) -> Self:
        """Bounced, complained of, or not sent as all its addresses are suppressed; and nobody has seen to it."""
        lost = (
            Q_OF_STATE["complained"]
            | Q_OF_STATE["bounced"]
            | Q(status=Notification.Status.NOT_SENT, is_suppressed=True)
        )
        return self.filter(lost, seen_to_at__isnull=True)


class Notification(ClaimedWork, BaseModel, TenantModel):
    """One e-mail. The dedupe key makes "never sent twice" a promise of the database."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        NOT_SENT = "not_sent", "Not sent"

    claim_lasts = timedelta(minutes=10)
    max_attempts = 8
    own_status = {
        State.WAITING: Status.PENDING,
        State.AT_WORK: Status.SENDING,
        State.GIVEN_UP: Status.FAILED,
        State.DONE: Status.SENT,
    }

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notifications",
    )
    kind = models.CharField(max_length=50, help_text="What it tells, such as invoice_issued.")
    dedupe_key = models.CharField(max_length=200, unique=True)
    recipients = models.JSONField(help_text="E-mail addresses.")
    sender = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    html = models.TextField(blank=True)
    attachments = models.JSONField(default=list, help_text="[{storage_name, filename, content_type, sha256}]")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="When a recipient's server first took it.")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="When somebody first opened it.")
    bounced_at = models.DateTimeField(null=True, blank=True, help_text="When it first came back.")
    complained_at = models.DateTimeField(null=True, blank=True, help_text="When somebody first called it spam.")
    not_sent_because = models.TextField(blank=True, help_text="Of an e-mail that is not sent at all.")
    is_suppressed = models.BooleanField(
        "suppressed", default=False, help_text="It is not sent as its addresses bounced."
    )
    seen_to_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody saw to it that it did not arrive: sent again, or put aside."
    )

    objects = NotificationQuerySet.as_manager()  # type: ignore[misc]  # narrower than TenantModel's

    class Meta:
        verbose_name = "e-mail"
        ordering = ["-created_at"]
        permissions = [("resend_notification", "Can send a failed e-mail again")]
        indexes = [
            due_index("notification_due"),
            models.Index(fields=["-created_at", "-id"], name="notification_newest"),
            models.Index(
                fields=["-created_at"],
                condition=Q(seen_to_at__isnull=True)
                & (Q(bounced_at__isnull=False) | Q(complained_at__isnull=False) | Q(is_suppressed=True)),
                name="notification_did_not_arrive",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="not_sent", next_attempt_at__isnull=True) & ~Q(not_sent_because="")
                | (~Q(status="not_sent") & Q(not_sent_because="")),
                name="notification_not_sent_says_why",
            )
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def text_for_operators(self) -> str:
        """Without what opens the customer's portal: that is for those whom the message was sent to."""
        return _PORTAL_TOKEN.sub(r"\1***", self.text)

    @property
    def may_be_tried_now(self) -> bool:
        """Not what came back from all who were to get it: that is sent again, as another message."""
        has_come_back = self.status == Notification.Status.FAILED and self.bounced_at is not None
        return super().may_be_tried_now and not has_come_back

    @property
    def state(self) -> str:
        """What is known last: the work's status, or what a provider has told since."""
        for state in Q_OF_STATE:
            if getattr(self, f"{state}_at"):
                return state
        return str(self.status)

    @property
    def state_label(self) -> str:
        """For people: "Bounced", "Delivered, and bounced" where both happened, as with two recipients."""
        if self.state not in Q_OF_STATE:
            return str(self.get_status_display())
        good = next((word for word in ("opened", "delivered") if getattr(self, f"{word}_at")), "")
        bad = next((word for word in ("complained", "bounced") if getattr(self, f"{word}_at")), "")
        words = {"complained": "complained of"}.get(bad, bad)
        return (f"{good}, and {words}" if good and bad else good or words).capitalize()

    @property
    def base_key(self) -> str:
        """What its copies share with it: the dedupe key without the number of the copy."""
        return self.dedupe_key.partition("#")[0]
