"""What may be done to many customers, e-mails and webhook deliveries at once."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat

from organisations.models import BillingHold, Notification, Organisation, WebhookDelivery, WebhookEndpoint
from organisations.notifications.sending_again import resend
from organisations.services import holds
from organisations.services.bulk.verbs import VERBS, BulkVerb, Options, Refusals, Undo
from organisations.webhooks.replaying import replay

Sending = Notification.Status


def _hold(customer_id: UUID, maker: Any, options: Options) -> None:
    customer = Organisation.objects.get(pk=customer_id)
    last_day = options.get("last_day")
    ends_at = holds.end_of_day(date.fromisoformat(last_day), customer) if last_day else None
    holds.place_hold(
        organisation=customer,
        kind=options["kind"],
        reason=options["reason"],
        ends_at=ends_at,
        placed_by=maker.get_username(),
    )


def _standing(customer: Any, options: Options) -> Any:
    found = BillingHold.objects.standing().filter(organisation=customer, kind=options.get("kind", ""))
    return found.filter(reason=options["reason"]) if options.get("reason") else found


def _lift(customer_id: UUID, maker: Any, options: Options) -> None:
    for hold in _standing(customer_id, options):
        holds.lift_hold(hold_id=hold.pk, lifted_by=maker.get_username())


def _not_held(options: Options) -> Refusals:
    return [(~Exists(_standing(OuterRef("pk"), options)), "It is not held in this way.")]


def _not_to_send_again(_options: Options) -> Refusals:
    return [
        (Q(organisation__is_test=True), "It is a test customer's: none of its e-mails are sent."),
        (Q(status__in=[Sending.PENDING, Sending.SENDING]), "It is still on its way."),
        (
            Q(status=Sending.SENT, bounced_at__isnull=True, complained_at__isnull=True),
            "It was sent, and nothing is known against it. Send it once more on its own page.",
        ),
        (Q(seen_to_at__isnull=False), "Somebody has seen to it already."),
    ]


def _not_to_replay(_options: Options) -> Refusals:
    ended = Q(status__in=[WebhookDelivery.Status.DELIVERED, WebhookDelivery.Status.FAILED])
    return [
        (~Q(endpoint__status=WebhookEndpoint.Status.ACTIVE), "Its endpoint is disabled."),
        (~(ended | Q(status=WebhookDelivery.Status.PENDING, attempts__gt=0)), "It is still on its way."),
    ]


HOLD = BulkVerb(
    name="customers.hold",
    label="Hold billing of",
    model=Organisation,
    permission="organisations.change_organisation",
    does="Each of the customers is held in this way. Jobs obey at once.",
    act=_hold,
    refuses=lambda _options: [(Q(is_active=False), "The customer is not active.")],
    name_of=F("name"),
    undo=Undo("customers.lift", lambda options: {name: options.get(name, "") for name in ("kind", "reason")}),
)
LIFT = BulkVerb(
    name="customers.lift",
    label="Lift hold on",
    model=Organisation,
    permission="organisations.change_organisation",
    does="What waited goes on: drafts are issued, e-mails are sent, payments are asked for.",
    act=_lift,
    refuses=_not_held,
    name_of=F("name"),
    undo="Hold the customers again, with the reason and the end of before.",
)
SEND_AGAIN = BulkVerb(
    name="emails.send_again",
    label="Send again",
    model=Notification,
    permission="organisations.resend_notification",
    does="Each e-mail goes once more to the addresses that it was for.",
    act=lambda pk, _maker, _options: resend(notification_id=pk),
    refuses=_not_to_send_again,
    name_of=F("subject"),
    undo="An e-mail that was sent can't be taken back.",
    emails=True,
)
REPLAY = BulkVerb(
    name="deliveries.replay",
    label="Replay",
    model=WebhookDelivery,
    permission="organisations.replay_webhookendpoint",
    does="The receivers get the same messages once more, in order and under the same ids.",
    act=lambda pk, _maker, _options: replay(delivery_id=pk),
    refuses=_not_to_replay,
    name_of=Concat(F("message__type"), Value(" to "), F("endpoint__url")),
    undo="A message that was sent can't be taken back; its id tells the receiver that it comes again.",
    order=("message_id", "pk"),
)


def register() -> None:
    for verb in (HOLD, LIFT, SEND_AGAIN, REPLAY):
        VERBS.register(verb)
