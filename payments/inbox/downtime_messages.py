"""Messages about ways to pay that are down at Razorpay or at the payers' banks."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.timezone import get_current_timezone

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from organisations.scoping import Actor
from payments.gateways.entities import parse_downtime
from payments.gateways.values import GatewayDowntime
from payments.inbox.messages import NOT_HANDLED, Ignored, Payload, entity_of
from payments.models import GatewayAccount, InboundWebhook


@dataclass(frozen=True)
class DowntimeMessage:
    """It belongs to no order. The dashboard reads the stored message while the downtime lasts."""

    downtime: GatewayDowntime
    subject: None = None

    def apply(self) -> str:
        """Returns what it says, as a sentence for operators."""
        return self.downtime.in_words


def read_downtime(payload: Payload, _account: GatewayAccount | None) -> DowntimeMessage:
    """Raises Ignored, NamelessEntity, ValueError or KeyError for a malformed entity."""
    entity = entity_of(payload, "payment.downtime")
    if entity is None:
        raise Ignored(NOT_HANDLED)
    return DowntimeMessage(parse_downtime(entity))


def about_downtimes(actor: Actor) -> tuple[str, ...]:
    """Which ways to pay are down, and since when: “UPI since 26 Nov 2026, 02:53 IST”."""
    lasting = InboundWebhook.objects.for_organisations(actor).downtimes(clock.now())
    zone = get_current_timezone()
    return tuple(f"{downtime.way} since {time_text(downtime.begins_at, zone)}" for _row, downtime in lasting)
