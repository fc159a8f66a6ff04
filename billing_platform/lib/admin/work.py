"""How waiting work looks on an object's page: where it stands, its attempts, the next one and the last failure; and its
one button, "Try now".

    class WebhookAdmin(ReadOnlyAdmin):
        fieldsets = ((None, {"fields": (…)}), WORK)
        work = work_column()
        try_now = try_now_action(permission="payments.process_inboundwebhook", service=inbox.try_now)

The service is a verb of the app: it takes the object's id, sees to the state, writes the audit log and wakes a worker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from billing_platform.lib.admin.actions import Facts, Method, object_action
from billing_platform.lib.admin.display import EMPTY, Display, badge, facts, when
from billing_platform.lib.work.claims import ClaimedWork, RetriedWork, State

WORK = ("Work", {"fields": ("work",)})
"""The section of a page that has `work = work_column()`."""

_TONES = {State.WAITING: "info", State.AT_WORK: "info", State.GIVEN_UP: "danger", State.DONE: "success"}

WorkOf = Callable[[Any], RetriedWork | None]
"""Finds the row that waits for an object: mostly the object itself."""


def _itself(obj: Any) -> RetriedWork | None:
    return obj  # type: ignore[no-any-return]  # typed by its caller


def work_column(work_of: WorkOf = _itself, description: str = "Where it stands") -> Display:
    """The panel, as a field of the object's page."""

    def show(_admin: Any, obj: Any) -> Any:
        work = work_of(obj)
        return EMPTY if work is None else work_facts(work)

    show.short_description = description  # type: ignore[attr-defined]  # read by Django
    return show


def work_facts(work: RetriedWork) -> Any:
    state = work.work_state
    until = work.claimed_until if isinstance(work, ClaimedWork) and state == State.AT_WORK else None
    most = f" of {work.max_attempts}" if work.max_attempts else ""
    return facts(
        [
            ("State", badge(state.label, _TONES[state])),
            ("Attempts", f"{work.attempts}{most}"),
            ("At work until", when(until)),
            ("Next try", when(work.next_attempt_at if state == State.WAITING else None)),
            ("Last failure", work.last_failure),
        ]
    )


def waits_for_a_person(work: RetriedWork | None) -> bool:
    """Whether "Try now" helps: the row was given up, or waits after a failure."""
    return work is not None and work.may_be_tried_now


def try_now_action(
    *,
    permission: str,
    service: Callable[[Any], object],
    work_of: WorkOf = _itself,
    may: Callable[[Any], bool] | None = None,
    facts: Facts = lambda _request, _obj: (),
    name: str = "try_now",
) -> Method:
    """The button. `service` gets the object's id; `may(obj)` says when the button is there, if it isn't for every
    row that was given up or waits after a failure. `name` is the attribute of the page that holds the action."""

    def try_now(_admin: Any, _request: HttpRequest, obj: Any) -> str:
        service(obj.pk)
        return "It is tried as soon as a worker is free."

    try_now.__name__ = name
    return object_action(
        label="Try now",
        permission=permission,
        when=may or (lambda obj: waits_for_a_person(work_of(obj))),
        confirm="A worker tries it at once, and all its attempts are before it again.",
        facts=facts,
        icon="replay",
    )(try_now)
