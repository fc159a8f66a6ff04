"""Settings, faults, time and a clean slate."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest

from billing_platform.local.razorpay import clock, delivery
from billing_platform.local.razorpay.addresses import is_public
from billing_platform.local.razorpay.api.endpoint import body_of, json_of
from billing_platform.local.razorpay.control.endpoint import Route, control
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.models import Fault, State
from billing_platform.local.razorpay.validation import clean_integer, require

PRIVATE_SETTINGS = ("id", "clock_offset", "healthy_at")


def _health(request: HttpRequest) -> JSON:
    return {"status": "ok", "now": clock.now()}


def settings_json(state: State) -> JSON:
    return model_to_dict(state, exclude=PRIVATE_SETTINGS)


def _read_settings(request: HttpRequest) -> JSON:
    return settings_json(State.load())


def _change_settings(request: HttpRequest) -> JSON:
    return settings_json(change_settings(body_of(request)))


@transaction.atomic
def change_settings(changes: JSON) -> State:
    State.forget()
    state = State.load()
    unknown = set(changes) - set(settings_json(state))
    if unknown:
        raise RazorpayError(f"unknown settings: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(state, name, _clean_setting(name, value))
    if changes.get("webhook_enabled"):
        state.healthy_at = clock.now()
    state.save()
    transaction.on_commit(delivery.something_due.set)
    return state


def _clean_setting(name: str, value: object) -> object:
    if name == "webhook_url" and is_public(str(value)):
        raise RazorpayError("webhook_url must not be a public address", field=name)
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
        arm_fault(wanted)
    return _read_faults(request)


def arm_fault(wanted: dict[str, Any]) -> Fault:
    require(wanted, "match", "kind")
    if wanted["kind"] not in Fault.Kind.values:
        raise RazorpayError(f"kind must be one of {', '.join(Fault.Kind.values)}")
    return Fault.objects.create(
        match=wanted["match"],
        kind=wanted["kind"],
        remaining=clean_integer(wanted.get("times", 1), "times"),
        seconds=clean_integer(wanted.get("seconds", 3), "seconds"),
    )


def _read_faults(request: HttpRequest) -> JSON:
    return {"items": [model_to_dict(fault) for fault in Fault.objects.all()]}


def _clear_faults(request: HttpRequest) -> JSON:
    Fault.objects.all().delete()
    return _read_faults(request)


def _advance_clock(request: HttpRequest) -> JSON:
    advance_clock(clean_integer(body_of(request).get("advance_seconds"), "advance_seconds"))
    return {"now": clock.now()}


@transaction.atomic
def advance_clock(seconds: int) -> None:
    clock.advance(seconds)
    transaction.on_commit(clock.moved)
    transaction.on_commit(delivery.something_due.set)


def _reset(request: HttpRequest) -> JSON:
    """Forget everything, the settings and the clock included."""
    return settings_json(wipe())


def wipe() -> State:
    tables = [model._meta.db_table for model in apps.get_app_config("razorpay_sandbox").get_models()]
    with delivery.in_flight, transaction.atomic(), connection.cursor() as cursor:  # nothing old arrives afterwards
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # foreign keys are checked at the end
        State.forget()
        return State.load()


ROUTES: list[Route] = [
    ("health", control(GET=_health)),
    ("settings", control(GET=_read_settings, POST=_change_settings)),
    ("faults", control(GET=_read_faults, POST=_set_faults, DELETE=_clear_faults)),
    ("clock", control(POST=_advance_clock)),
    ("reset", control(POST=_reset)),
]
