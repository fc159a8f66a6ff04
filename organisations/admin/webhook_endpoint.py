"""Outgoing webhook endpoints: where messages go, whether they are taken, and their secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from billing_platform.lib import clock
from billing_platform.lib.admin import squares
from billing_platform.lib.admin.base import (
    ActionForm,
    ModelAdmin,
    ReadOnlyInline,
    Undoable,
    attention_filter,
    badge,
    facts,
    link,
    numeric,
    object_action,
    short_time,
    status,
    when,
)
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import EMPTY, brief
from billing_platform.lib.dates_in_words import day_text, time_text
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.periods import start_of_day
from organisations.audit import acting_person
from organisations.models import WebhookDelivery, WebhookEndpoint
from organisations.webhooks import disabling, endpoints, last_days, replaying
from organisations.webhooks.event_types import EVENT_TYPES

RATED_DAYS = 30
DELIVERY_TONES = {"pending": "info", "sending": "info", "delivered": "success", "failed": "danger"}
Standing = last_days.Standing
LOOKS = {
    Standing.TAKEN: squares.AGREES,
    Standing.LATE: squares.OVERDUE,
    Standing.GIVEN_UP: squares.DIFFERS,
    Standing.WAITS: squares.AT_WORK,
    Standing.NOTHING: squares.NOTHING,
}
AttentionFilter = attention_filter(
    disabled=("Disabled by the platform", lambda rows, _user: rows.taken_out_of_use()),
    failing=("Failing for an hour or more", lambda rows, _user: rows.failing()),
)


def _square(endpoint: WebhookEndpoint, day: last_days.Day) -> squares.Tracked:
    counts = {"taken": day.taken, "late": day.late, "given up": day.given_up, "waiting": day.waits}
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    of_the_day = {"created_at_from": f"{day.day}", "created_at_to": f"{day.day}"}
    return squares.Tracked(
        tooltip=f"{day_text(day.day)}: {said or day.standing.value}",
        color=LOOKS[day.standing],
        href=list_address(WebhookDelivery, endpoint__id__exact=str(endpoint.pk), **of_the_day) if said else "",
    )


class Checkboxes(forms.CheckboxSelectMultiple):
    has_own_looks = True


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to mypy only
    event_types = forms.MultipleChoiceField(
        choices=lambda: [(name, f"{name}: {sentence}") for name, sentence in EVENT_TYPES.items()],
        required=False,
        label="Events",
        help_text="None chosen: all of them, also those that come with later versions.",
        widget=Checkboxes,
    )


class RotateForm(ActionForm):
    hours = forms.IntegerField(
        min_value=0, max_value=7 * 24, initial=24, label="Hours with both", help_text="0: the old one ends at once."
    )


class DisableForm(ActionForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Shown beside the state.")


class ReplayForm(ActionForm):
    since = forms.DateField(label="Since the begin of", initial=lambda: timezone.localdate())
    everything = forms.BooleanField(required=False, label="Also what the receiver took")


class DeliveryInline(ReadOnlyInline):
    model = WebhookDelivery
    fields = ("told", "state", "attempts", "last_failure", "created_at", "delivered_at")
    readonly_fields = fields
    verbose_name_plural = "deliveries"
    state = status("status", DELIVERY_TONES, "State")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("message", "endpoint")

    @admin.display(description="Event")
    def told(self, delivery: WebhookDelivery) -> str:
        return delivery.message.type


def _is_active(endpoint: WebhookEndpoint) -> bool:
    return endpoint.is_active


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin):
    form = EndpointForm
    empty_hint = "An endpoint is the URL of another program, which hears of invoices, payments and more: add one."
    list_on_a_phone = ("url", "customer", "state", "rate")
    list_display = ("url", "customer", "state", "hears_of", "rate", "waiting", "created")
    list_filter = (AttentionFilter, "status", "organisation")
    search_fields = ("url", "description", "organisation__name")
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    inlines = (DeliveryInline,)

    customer_page = link("organisation")
    created = short_time("created_at", "Created")

    def get_queryset(self, request: HttpRequest) -> Any:
        recent = Q(deliveries__created_at__gte=clock.now() - timedelta(days=RATED_DAYS))
        return (
            super()
            .get_queryset(request)
            .annotate(
                delivered=Count("deliveries", filter=recent & Q(deliveries__status="delivered")),
                failed=Count("deliveries", filter=recent & Q(deliveries__status="failed")),
                waits=Count("deliveries", filter=Q(deliveries__next_attempt_at__isnull=False)),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        asked = ("organisation", "url", "description", ("payload", "version"), "event_types")
        if obj is None:
            return ((None, {"fields": asked}),)
        standing = ("state", *(("trouble",) if obj.is_in_trouble else ()), "days", "rate", "waiting", "secret_shown")
        return (("State", {"fields": standing}), ("Endpoint", {"fields": asked}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An endpoint never moves to another customer."""
        if obj is None:
            return ()
        return ("organisation", "state", "trouble", "days", "rate", "waiting", "secret_shown")

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return super().get_inlines(request, obj) if obj else []

    def create(self, request: HttpRequest, values: dict[str, Any]) -> WebhookEndpoint:
        made = endpoints.create_endpoint(**values)
        request.made_secret = made.secret  # type: ignore[attr-defined]  # shown by response_add
        return made.endpoint

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        secret: str = request.made_secret  # type: ignore[attr-defined]  # set by create
        return self.show_secret(request, obj, title="The endpoint's secret", secret=secret)

    def update(self, request: HttpRequest, obj: WebhookEndpoint, changes: dict[str, Any]) -> None:
        endpoints.update_endpoint(endpoint_id=obj.pk, changes=changes)

    @admin.display(description="Customer", ordering="organisation")
    def customer(self, endpoint: WebhookEndpoint) -> Any:
        return self.customer_page(endpoint) if endpoint.organisation_id else "All: the seller's own"

    @admin.display(description="State", ordering="status")
    def state(self, endpoint: WebhookEndpoint) -> Any:
        if not endpoint.is_active:
            return badge("Disabled", "danger")
        return badge("Failing", "warning") if endpoint.failing_since else badge("Active", "success")

    @admin.display(description="What is wrong")
    def trouble(self, endpoint: WebhookEndpoint) -> Any:
        if not endpoint.is_active:
            rows = [
                ("Disabled", when(endpoint.disabled_at)),
                ("By", endpoint.disabled_by or "the platform"),
                ("Why", endpoint.disabled_reason),
            ]
            return facts(rows)
        last = endpoint.deliveries.exclude(last_failure="").order_by("-updated_at").first()
        known: list[tuple[str, Any]] = [
            ("Failing since", when(endpoint.failing_since)),
            ("Last try", last and last.last_failure),
        ]
        if endpoint.quiet_until is not None and endpoint.quiet_until > clock.now():
            known.append(("It asks for a pause until", when(endpoint.quiet_until)))
        return facts(known)

    @admin.display(description=f"Last {last_days.DAYS_SHOWN} days")
    def days(self, endpoint: WebhookEndpoint) -> Any:
        return squares.drawn(
            (_square(endpoint, day) for day in last_days.last_days(endpoint.pk)),
            {standing.value: looks for standing, looks in LOOKS.items()},
        )

    @admin.display(description="Hears of")
    def hears_of(self, endpoint: WebhookEndpoint) -> Any:
        return brief(", ".join(endpoint.event_types)) if endpoint.event_types else "Everything"

    @numeric
    @admin.display(description=f"Taken in {RATED_DAYS} days")
    def rate(self, endpoint: Any) -> str:
        ended = endpoint.delivered + endpoint.failed
        return f"{endpoint.delivered * 100 // ended} % of {ended:,}" if ended else EMPTY

    @numeric
    @admin.display(description="Waiting")
    def waiting(self, endpoint: Any) -> str:
        return f"{endpoint.waits:,}"

    @admin.display(description="Secret")
    def secret_shown(self, endpoint: WebhookEndpoint) -> str:
        older = [
            f"; also the one before, until {time_text(until, timezone.get_current_timezone())}"
            for _secret, until in endpoint.overlapping
        ]
        return f"whsec_…{endpoint.secret_ending}{''.join(older)}"

    @object_action(
        label="Send a test",
        permission="organisations.replay_webhookendpoint",
        when=_is_active,
        confirm="The receiver gets a message of the type endpoint.test. Its answer is on the next page.",
        icon="send",
    )
    def send_test(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        delivery = replaying.send_test(endpoint_id=endpoint.pk)
        return self.done(request, "The test is on its way: look at this page again in a moment.", delivery)

    @object_action(
        label="Replay",
        permission="organisations.replay_webhookendpoint",
        form=ReplayForm,
        when=_is_active,
        confirm="What happened since then is sent again, in order: what the receiver missed, or everything.",
        facts=lambda _request, endpoint: [
            ("Taken in 30 days", f"{endpoint.delivered:,}"),
            ("Given up", f"{endpoint.failed:,}"),
            ("Waiting", f"{endpoint.waits:,}"),
        ],
        icon="replay",
    )
    def replay(self, request: HttpRequest, endpoint: WebhookEndpoint, *, since: Any, everything: bool) -> str:
        moment = start_of_day(since, timezone.get_current_timezone())
        replayed = replaying.replay_since(endpoint_id=endpoint.pk, since=moment, only_missed=not everything)
        done = f"{replayed.count:,} {'message is' if replayed.count == 1 else 'messages are'} on their way again."
        if replayed.next_since is None:
            return done
        rest = time_text(replayed.next_since, timezone.get_current_timezone())
        return f"{done} There are more, from {rest} on: replay from that day once these were taken."

    @object_action(
        label="Rotate secret",
        permission="organisations.change_webhookendpoint",
        form=RotateForm,
        confirm="A new secret is made and shown once. For some hours messages are signed with both.",
        icon="autorenew",
    )
    def rotate(self, request: HttpRequest, endpoint: WebhookEndpoint, *, hours: int) -> HttpResponse:
        made = endpoints.rotate_secret(endpoint_id=endpoint.pk, overlap=timedelta(hours=hours))
        return self.show_secret(request, made.endpoint, title="The endpoint's new secret", secret=made.secret)

    @object_action(
        label="Disable",
        permission="organisations.change_webhookendpoint",
        form=DisableForm,
        when=_is_active,
        confirm="Nothing is sent to it until it is enabled again. What waits, and what happens meanwhile, is stored.",
        danger=True,
        icon="block",
    )
    def disable(self, request: HttpRequest, endpoint: WebhookEndpoint, *, reason: str) -> Undoable:
        disabling.disable_endpoint(endpoint_id=endpoint.pk, reason=reason, by=acting_person())
        return Undoable("Nothing is sent to it any more.", endpoint, "enable")

    @object_action(
        label="Enable",
        permission="organisations.change_webhookendpoint",
        when=lambda endpoint: not endpoint.is_active,
        confirm="What waited for it is sent now. What happened meanwhile is sent by Replay.",
        facts=lambda _request, endpoint: [("Waiting", f"{endpoint.waits:,}"), ("Disabled", endpoint.disabled_reason)],
        icon="play_circle",
    )
    def enable(self, request: HttpRequest, endpoint: WebhookEndpoint) -> str:
        disabling.enable_endpoint(endpoint_id=endpoint.pk)
        return "It is in use again. Replay sends what happened meanwhile."

    @object_action(
        label="Remove",
        permission="organisations.delete_webhookendpoint",
        confirm="The endpoint goes, with the log of its deliveries and what waits for it. There is no way back.",
        facts=lambda _request, endpoint: [("URL", endpoint.url), ("Waiting", f"{endpoint.waits:,}")],
        danger=True,
        icon="delete",
    )
    def remove(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        endpoints.remove_endpoint(endpoint_id=endpoint.pk)
        messages.success(request, f"{endpoint} was removed.")
        return redirect("admin:organisations_webhookendpoint_changelist")
