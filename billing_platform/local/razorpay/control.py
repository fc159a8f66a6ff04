"""The control API under /_sim: outcomes, webhooks, faults, time and a clean slate."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse

from billing_platform.local.razorpay import clock, delivery, failures
from billing_platform.local.razorpay.api.endpoint import Handler, View, body_of, error_response, json_of
from billing_platform.local.razorpay.entities import payment_json, refund_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError, url_not_found
from billing_platform.local.razorpay.models import (
    Delivery,
    Event,
    Fault,
    IdempotencyKey,
    Order,
    Payment,
    PaymentLink,
    Refund,
    State,
)
from billing_platform.local.razorpay.services import payments, refunds
from billing_platform.local.razorpay.services.payments import Outcome
from billing_platform.local.razorpay.validation import clean_integer, require

PRIVATE_SETTINGS = ("id", "clock_offset", "healthy_at")


def control(**handlers: Handler) -> View:
    """Like `endpoint`, but for people at this machine instead of holders of a key."""

    def view(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            handler = handlers.get(request.method or "")
            if handler is None or not _is_local(request):
                raise url_not_found()
            return JsonResponse(handler(request, **parts))
        except RazorpayError as error:
            return error_response(error)

    return view


def _is_local(request: HttpRequest) -> bool:
    return ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback


def _health(request: HttpRequest) -> JSON:
    return {"status": "ok", "now": clock.now()}


def _pay(request: HttpRequest, order_id: str) -> JSON:
    options = body_of(request) | request.GET.dict()
    payment = payments.pay_order(
        order_id=order_id,
        outcome=clean_outcome(options.get("outcome")),
        method=str(options.get("method", "upi")),
        amount=clean_integer(options["amount"], "amount") if "amount" in options else None,
        reason=str(options.get("reason", failures.DECLINED)),
    )
    return payment_json(payment)


def clean_outcome(value: object) -> Outcome:
    outcome = str(value or Outcome.SUCCESS)
    if outcome not in Outcome.values:
        raise RazorpayError(f"outcome must be one of {', '.join(Outcome.values)}", field="outcome")
    return Outcome(outcome)


def _late_authorize(request: HttpRequest, payment_id: str) -> JSON:
    return payment_json(payments.late_authorize_payment(payment_id=payment_id))


def _fail_payment(request: HttpRequest, payment_id: str) -> JSON:
    reason = str(request.GET.get("reason", failures.TIMED_OUT))
    return payment_json(payments.fail_payment(payment_id=payment_id, reason=reason))


def _process_refund(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(refunds.process_refund(refund_id=refund_id))


def _fail_refund(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(refunds.fail_refund(refund_id=refund_id))


def _deliveries(request: HttpRequest) -> JSON:
    rows = Delivery.objects.select_related("event").order_by("pk")
    return {"items": [_delivery_json(delivery) for delivery in rows]}


def _delivery_json(row: Delivery) -> JSON:
    return {
        "id": row.pk,
        "event": row.event.name,
        "event_id": row.event.event_id,
        "status": row.status,
        "due_at": row.due_at,
        "attempts": row.attempts,
        "headers": delivery.headers_of(row.event),
        "body": row.event.body,
    }


def _redeliver(request: HttpRequest, delivery_id: str) -> JSON:
    """Send it now, whatever its state, and answer with what came of it."""
    sent = delivery.redeliver(delivery_pk=int(delivery_id))
    if sent is None:
        raise RazorpayError("The id provided does not exist")
    return _delivery_json(sent)


def _settings_json(state: State) -> JSON:
    return model_to_dict(state, exclude=PRIVATE_SETTINGS)


def _read_settings(request: HttpRequest) -> JSON:
    return _settings_json(State.load())


@transaction.atomic
def _change_settings(request: HttpRequest) -> JSON:
    state, changes = State.load(), body_of(request)
    unknown = set(changes) - set(_settings_json(state))
    if unknown:
        raise RazorpayError(f"unknown settings: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(state, name, _clean_setting(name, value))
    if changes.get("webhook_enabled"):
        state.healthy_at = clock.now()
    state.save()
    return _settings_json(state)


def _clean_setting(name: str, value: object) -> object:
    field = next(field for field in State._meta.fields if field.name == name)
    try:
        return field.clean(value, None)
    except ValidationError as error:
        raise RazorpayError(f"{name}: {'; '.join(error.messages)}", field=name) from error


@transaction.atomic
def _set_faults(request: HttpRequest) -> JSON:
    """Arm more traps; DELETE clears them."""
    asked = json_of(request)
    for wanted in asked if isinstance(asked, list) else [asked]:
        require(wanted, "match", "kind")
        if wanted["kind"] not in Fault.Kind.values:
            raise RazorpayError(f"kind must be one of {', '.join(Fault.Kind.values)}")
        Fault.objects.create(
            match=wanted["match"],
            kind=wanted["kind"],
            remaining=clean_integer(wanted.get("times", 1), "times"),
            seconds=clean_integer(wanted.get("seconds", 3), "seconds"),
        )
    return _read_faults(request)


def _read_faults(request: HttpRequest) -> JSON:
    return {"items": [model_to_dict(fault) for fault in Fault.objects.all()]}


def _clear_faults(request: HttpRequest) -> JSON:
    Fault.objects.all().delete()
    return _read_faults(request)


@transaction.atomic
def _advance_clock(request: HttpRequest) -> JSON:
    seconds = clean_integer(body_of(request).get("advance_seconds"), "advance_seconds")
    State.load()
    State.objects.update(clock_offset=models.F("clock_offset") + seconds)
    transaction.on_commit(delivery.something_due.set)
    return {"now": clock.now()}


def _reset(request: HttpRequest) -> JSON:
    """Forget everything, the settings and the clock included."""
    with delivery.in_flight:  # nothing old arrives after the answer
        return _wipe()


@transaction.atomic
def _wipe() -> JSON:
    children_first: tuple[type[models.Model], ...] = (
        Delivery, Event, IdempotencyKey, Refund, PaymentLink, Payment, Order, Fault, State,
    )  # fmt: skip
    for model in children_first:
        model._default_manager.all().delete()
    return _settings_json(State.load())


Route = tuple[str, Callable[..., HttpResponse]]
ROUTES: list[Route] = [
    ("health", control(GET=_health)),
    ("orders/<str:order_id>/pay", control(POST=_pay)),
    ("payments/<str:payment_id>/late_authorize", control(POST=_late_authorize)),
    ("payments/<str:payment_id>/fail", control(POST=_fail_payment)),
    ("refunds/<str:refund_id>/process", control(POST=_process_refund)),
    ("refunds/<str:refund_id>/fail", control(POST=_fail_refund)),
    ("webhooks", control(GET=_deliveries)),
    ("webhooks/<int:delivery_id>/redeliver", control(POST=_redeliver)),
    ("settings", control(GET=_read_settings, POST=_change_settings)),
    ("faults", control(GET=_read_faults, POST=_set_faults, DELETE=_clear_faults)),
    ("clock", control(POST=_advance_clock)),
    ("reset", control(POST=_reset)),
]
