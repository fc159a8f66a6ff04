"""Alert rules: what is watched for whom; what each sees now, and what it would have done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    ModelAdmin,
    QuickFilter,
    Undoable,
    badge,
    facts,
    link,
    object_action,
    when,
)
from billing_platform.lib.admin.inputs import Textarea
from billing_platform.lib.admin.previewing import PreviewMixin
from billing_platform.lib.limits import QUANTITY_PLACES, REASON_LENGTH
from billing_platform.lib.number_formats import NumberError, parse_decimal, short_text
from events.admin.alert_chart import drawn
from events.admin.metric import KeysField
from events.alerts.judging import SPANS
from events.models import Alert, AlertRule
from events.services.alerting import rules
from events.services.alerting.preview import preview_rule
from events.services.alerting.sentences import threshold_text


class ThresholdsField(forms.CharField):
    """Numbers with blanks between them: 10 30 50."""

    def prepare_value(self, value: Any) -> Any:
        return " ".join(short_text(each) for each in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        try:
            return [parse_decimal(word, places=QUANTITY_PLACES) for word in re.split(r"[\s;]+", value or "") if word]
        except NumberError as error:
            raise forms.ValidationError(f"Write numbers with blanks between them, such as 10 30 50. {error}") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


class MuteForm(ActionForm):
    hours = forms.IntegerField(min_value=1, max_value=366 * 24, initial=24, help_text="From now on.")
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Shown on the rule's page.")


class RetiredFilter(QuickFilter):
    title = parameter_name = "retired"
    all_option = ("", "In use")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Retired"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        retired = {"yes": False, None: True}.get(self.value())
        return queryset if retired is None else queryset.filter(retired_at__isnull=retired)


def _is_current(rule: AlertRule) -> bool:
    return not rule.is_retired


def _grouped_spans() -> list[tuple[str, list[tuple[str, str]]]]:
    kinds, labels = dict(AlertRule.Kind.choices), dict(AlertRule.Span.choices)
    return [(str(kinds[kind]), [(span, str(labels[span])) for span in spans]) for kind, spans in SPANS.items()]


def _state_facts(_request: HttpRequest, rule: AlertRule) -> Iterable[tuple[str, Any]]:
    return [("Customer", rule.organisation.name), ("Goes to", ", ".join(rule.to)), ("Sees now", rules.sees_now(rule))]


@admin.register(AlertRule)
class AlertRuleAdmin(PreviewMixin, ModelAdmin):
    empty_hint = "A rule tells a customer when usage or cost crosses a threshold, jumps, or is unusual."
    list_on_a_phone = ("name", "customer", "state_now")
    list_display = ("name", "customer", "kind", "metric", "fires", "state_now", "judged")
    list_filter = (RetiredFilter, "organisation", "kind", "is_active")
    search_fields = ("name", "organisation__name")
    list_select_related = ("organisation", "metric", "project", "state")
    autocomplete_fields = ("organisation", "project", "metric")
    fill_in = "Fill in the form: when the rule would have fired in the last 30 days is shown here."
    fieldsets = (
        ("For", {"fields": (("organisation", "project"), ("name", "is_active"))}),
        ("Watches", {"fields": (("kind", "span"), "metric")}),
        ("Fires", {"fields": ("operator", ("thresholds", "step"), "least_usage", "cool_down_minutes")}),
        ("Tells", {"fields": ("recipients",)}),
        ("In the last 30 days", {"fields": ("preview",)}),
    )
    stored_fieldset = ("Now", {"fields": ("stands",)})
    readonly_fields = ("preview", "stands")
    related_lists = ((Alert, "rule"),)

    customer = link("organisation", "Customer")

    def get_queryset(self, request: HttpRequest) -> Any:
        still_open = Alert.objects.filter(rule=OuterRef("pk"), ended_at__isnull=True)
        return (
            super()
            .get_queryset(request)
            .annotate(is_open=Exists(still_open), is_firing=Exists(still_open.filter(state=Alert.State.FIRING)))
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return (self.stored_fieldset, *self.fieldsets) if obj else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "organisation") if obj else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "thresholds":
            return ThresholdsField(
                widget=Textarea(attrs={"rows": 1}),
                help_text=f"{db_field.help_text} With blanks between them: 10 30 50.",
            )
        if db_field.name == "recipients":
            return KeysField(
                required=False, widget=Textarea(attrs={"rows": 2}), help_text=f"{db_field.help_text} One a line."
            )
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "span":
            field.choices = field.widget.choices = _grouped_spans()
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A retired rule is history."""
        may: bool = super().has_change_permission(request, obj)
        return may and not (obj and obj.is_retired)

    def create(self, request: HttpRequest, values: dict[str, Any]) -> AlertRule:
        return rules.add_rule(**values)

    def update(self, request: HttpRequest, obj: AlertRule, changes: dict[str, Any]) -> None:
        rules.update_rule(rule_id=obj.pk, **changes)

    def preview_of(self, row: AlertRule) -> SafeString | str:
        return drawn(row, preview_rule(row))

    @admin.display(description="Fires")
    def fires(self, rule: AlertRule) -> str:
        """ "at or above 50 calls, 100 calls, then at every 100 calls"."""
        limits = ", ".join(threshold_text(rule, each) for each in sorted(rule.thresholds))
        more = f", then at every {threshold_text(rule, rule.step)}" if rule.step else ""
        return f"{rule.get_operator_display()} {limits}{more}"

    @admin.display(description="State")
    def state_now(self, rule: AlertRule) -> Any:
        return _state(rule)

    @admin.display(description="Judged", ordering="state__judged_at")
    def judged(self, rule: AlertRule) -> Any:
        return when(rule.state.judged_at)

    @admin.display(description="Stands")
    def stands(self, rule: AlertRule) -> Any:
        muted = f"{rule.mute_reason}, until" if rule.is_muted else ""
        rows: list[tuple[str, Any]] = [
            ("State", _state(rule)),
            ("Sees now", rules.sees_now(rule)),
            ("Goes to", ", ".join(rule.to)),
            ("Judged", when(rule.state.judged_at)),
        ]
        if rule.is_retired:
            rows.insert(1, ("Retired", when(rule.retired_at)))
        return facts([*rows, ("Muted", muted), ("Until", when(rule.muted_until))] if muted else rows)

    @object_action(
        label="Mute",
        permission="events.mute_alertrule",
        when=lambda rule: not rule.is_muted and not rule.is_retired,
        form=MuteForm,
        confirm="Alerts are noted in the history, and nobody is told. It ends by itself.",
        facts=_state_facts,
        icon="notifications_off",
    )
    def mute(self, request: HttpRequest, rule: AlertRule, *, hours: int, reason: str) -> Undoable:
        muted = rules.mute_rule(rule_id=rule.pk, until=clock.now() + timedelta(hours=hours), reason=reason)
        until: datetime = muted.muted_until or clock.now()
        said = f"Muted until {until.astimezone(rule.organisation.zone):%d %b, %H:%M} for the customer."
        return Undoable(said, rule, "unmute")

    @object_action(
        label="Unmute",
        permission="events.mute_alertrule",
        when=lambda rule: rule.is_muted and not rule.is_retired,
        confirm="What fires from now on is told. What fired meanwhile stays in the history.",
        facts=_state_facts,
        icon="notifications_active",
    )
    def unmute(self, request: HttpRequest, rule: AlertRule) -> str:
        rules.unmute_rule(rule_id=rule.pk)
        return "Its alerts are told again."

    @object_action(
        label="Send test",
        permission="events.mute_alertrule",
        when=_is_current,
        confirm="The recipients get an e-mail that says it is a test, with what the rule sees now.",
        facts=_state_facts,
        icon="send",
    )
    def send_test(self, request: HttpRequest, rule: AlertRule) -> HttpResponse:
        sent = rules.send_test(rule_id=rule.pk)
        return self.done(request, f"The test goes to {', '.join(sent.recipients)}.", sent)

    @object_action(
        label="Delete",
        permission="events.delete_alertrule",
        when=lambda rule: not rule.alerts.exists(),
        confirm="It has never fired, so nothing is lost. One that has fired is retired instead.",
        danger=True,
        icon="delete",
    )
    def delete_rule(self, request: HttpRequest, rule: AlertRule) -> HttpResponse:
        rules.remove_rule(rule_id=rule.pk)
        messages.success(request, f"The rule “{rule.name}” was deleted.")
        return HttpResponseRedirect(self._home(None))

    @object_action(
        label="Retire",
        permission="events.delete_alertrule",
        when=lambda rule: not rule.is_retired and rule.alerts.exists(),
        confirm="It is judged no more and leaves the list; its name is free for another rule. What is open is over, "
        "and nobody is told. Its alerts stay in the history. There is no way back.",
        facts=_state_facts,
        danger=True,
        icon="archive",
    )
    def retire(self, request: HttpRequest, rule: AlertRule) -> HttpResponse:
        rules.remove_rule(rule_id=rule.pk)
        messages.success(request, f"The rule “{rule.name}” is retired.")
        return HttpResponseRedirect(self._home(None))


def _state(rule: Any) -> SafeString:
    if rule.is_retired:
        return badge("Retired")
    if not rule.is_active:
        return badge("Off")
    if rule.is_muted:
        return badge("Muted", "warning")
    if rule.is_firing:
        return badge("Firing", "danger")
    return badge("Acknowledged", "warning") if rule.is_open else badge("OK", "success")
