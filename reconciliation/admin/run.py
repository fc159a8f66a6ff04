"""Runs of the checks: started for any days, watched check by check; and how each check stood in the last 30 days."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.admin import squares as looks
from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    ReadOnlyInline,
    attention_filter,
    badge,
    link,
    list_action,
    list_page,
    number,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.admin.inputs import FoundField
from billing_platform.lib.dates_in_words import day_text
from organisations.models import Organisation
from organisations.scoping import reaches_every_organisation
from reconciliation.checks import CHECKS
from reconciliation.models import CheckName, CheckRun, Discrepancy, Run
from reconciliation.selectors.squares import Square, SquaresOfCheck, Standing, squares
from reconciliation.services import running
from reconciliation.services.running import failed_checks, pieces_of

START = "reconciliation.start_run"
Status = CheckRun.Status
TONES = {Status.WAITING: "info", Status.AT_WORK: "info", Status.FAILED: "danger", Status.DONE: "success"}
LOOKS = {
    Standing.AGREES: looks.AGREES,
    Standing.DIFFERS: looks.DIFFERS,
    Standing.FAILED: looks.FAILED,
    Standing.LATE: looks.OVERDUE,
    Standing.AT_WORK: looks.AT_WORK,
    Standing.NOT_DUE: looks.NOTHING,
    Standing.BEFORE: looks.NOTHING,
}
AttentionFilter = attention_filter(
    failed=("A check failed", lambda rows, _user: rows.failed()),
    late=("Late", lambda rows, _user: rows.late()),
)


class StartForm(ActionForm):
    first_day = forms.DateField(help_text="In UTC.")
    last_day = forms.DateField(help_text="Included.")
    organisation = FoundField(
        Run.organisation, Organisation.objects.all(), required=False, label="Customer", empty_label="All"
    )
    check = forms.ChoiceField(choices=[("", "All of them"), *CheckName.choices], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
        self.fields["first_day"].initial = self.fields["last_day"].initial = yesterday


def _failures(_request: HttpRequest, run: Run) -> list[tuple[str, str]]:
    return [(str(check), check.last_failure) for check in failed_checks(run)]


class CheckRunInline(ReadOnlyInline):
    model = CheckRun
    tab = False
    fields = ("check_name", "state", "days_done", "compared_shown", "found_shown", "ended", "last_failure")
    readonly_fields = fields
    show_change_link = False
    state = status("status", TONES, "State")
    compared_shown = number("compared", "Compared")
    found_shown = number("found", "Do not agree")
    ended = short_time("ended_at", "Ended")

    @admin.display(description="Days done")
    def days_done(self, check: CheckRun) -> str:
        if not CHECKS[CheckName(check.check_name)].by_day:
            return "Everything" if check.pieces_done else "Nothing yet"
        return f"{check.pieces_done} of {len(pieces_of(check))}"


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    empty_hint = "A run is started each night over the day before, and by the button above over any days."
    list_display = ("days", "state", "cause", "customer", "started", "finished", "found")
    list_on_a_phone = ("days", "state", "found")
    list_filter = (AttentionFilter, "cause", "organisation", "created_at")
    list_select_related = ("organisation", "asked_by")
    ordering = ("-created_at",)
    fieldsets = ((None, {"fields": ("days", "state", "customer", "cause", "asked_by", "started", "finished")}),)
    inlines = (CheckRunInline,)

    customer = link("organisation", "Customer")
    started = short_time("created_at", "Started")
    finished = short_time("finished_at", "Finished")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("checks")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A run tells of all customers at once."""
        return self.may(request, "view", obj) and reaches_every_organisation(request.user)

    @admin.display(description="Days (UTC)", ordering="first_day")
    def days(self, run: Run) -> str:
        return str(run)

    @admin.display(description="State")
    def state(self, run: Run) -> Any:
        checks = list(run.checks.all())
        failed = sum(check.status == Status.FAILED for check in checks)
        if failed:
            return badge(f"{failed} of {len(checks)} checks failed", "danger")
        done = sum(check.status == Status.DONE for check in checks)
        if done < len(checks):
            return badge(f"{done} of {len(checks)} checks done", "info")
        return badge("Done", "success")

    @admin.display(description="Do not agree")
    def found(self, run: Run) -> str:
        return f"{sum(check.found for check in run.checks.all()):,}"

    @object_action(
        label="Run again",
        permission=START,
        when=lambda run: bool(failed_checks(run)),
        confirm="The checks that failed look at these days once more, in a run of their own.",
        facts=_failures,
        icon="replay",
    )
    def run_again(self, request: HttpRequest, run: Run) -> HttpResponse:
        again = running.run_again(run_id=run.pk, asked_by=request.user)
        return self.done(request, "The run is under way; reload this page to see how far it is.", again)

    @object_action(
        label="Begin the daily run",
        permission=START,
        when=lambda run: run.finished_at is not None and Run.objects.late().filter(pk=run.pk).exists(),
        confirm="The days since this run are compared now. Look as well why nobody began it: beat or workers are down.",
        icon="play_arrow",
    )
    def begin_daily(self, request: HttpRequest, run: Run) -> HttpResponse:
        begun = running.start_daily_run()
        return self.done(request, "The run is under way; reload this page to see how far it is.", begun or run)

    @list_action(
        label="Start a run",
        permission=START,
        form=StartForm,
        confirm="Workers compare the numbers of these days. They only read: nothing is stopped, and nothing changed.",
        icon="play_arrow",
    )
    def start(
        self,
        request: HttpRequest,
        *,
        first_day: date,
        last_day: date,
        organisation: Organisation | None,
        check: str,
    ) -> HttpResponse:
        run = running.start_run(
            first_day=first_day,
            last_day=last_day,
            organisation=organisation,
            checks=[check] if check else (),
            asked_by=request.user,
        )
        return self.done(request, "The run is under way; reload this page to see how far it is.", run)

    @list_page(label="Last 30 days", permission="reconciliation.view_run", icon="calendar_view_month")
    def last_days(self, request: HttpRequest) -> HttpResponseBase:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Last 30 days",
            "checks": [_row(each) for each in squares()],
            "legend": [{"says": standing.value, "looks": LOOKS[standing]} for standing in LOOKS],
        }
        return TemplateResponse(request, "admin/reconciliation/last_days.html", context)


def _row(each: SquaresOfCheck) -> dict[str, Any]:
    return {
        "title": each.check.label,
        "compares": each.compares,
        "data": [_square(each.check, square) for square in each.squares],
        "wrong": each.to_decide,
    }


def _square(check: CheckName, square: Square) -> looks.Tracked:
    count = f": {square.discrepancies:,}" if square.discrepancies else ""
    return looks.Tracked(
        tooltip=f"{day_text(square.day)}: {square.standing.value}{count}",
        color=LOOKS[square.standing],
        href=_leads_to(check, square),
    )


def _leads_to(check: CheckName, square: Square) -> str:
    """What does not agree; else the run that says so; of a day that nobody looked at, the page that starts one."""
    if square.discrepancies:
        day = {"day": f"{square.day}"} if CHECKS[check].by_day else {}
        return list_address(Discrepancy, check_name__exact=check.value, attention="standing", **day)
    if square.run_id is not None:
        return reverse("admin:reconciliation_run_change", args=[square.run_id])
    return page_address(Run, "start") if square.standing == Standing.LATE else ""
