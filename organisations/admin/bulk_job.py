"""The pages of bulk jobs: how far one is, what became of each row, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, IntegerField, Q, Sum, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse

from billing_platform.lib.admin.actions import Action
from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    badge,
    facts,
    money,
    numeric,
    object_action,
    object_page,
    scoped,
    short_time,
    status,
)
from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.listing import ANSWER
from billing_platform.lib.admin.work import waits_for_a_person
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.number_formats import format_sums, short_text
from organisations.admin.bulk import JOB_VAR, action_name, jobs_of, title_of
from organisations.models import BulkItem, BulkJob
from organisations.services.bulk import starting
from organisations.services.bulk.preview import counts_of
from organisations.services.bulk.verbs import Undo, verb_named

State = BulkItem.State
TONES = {State.WAITING: "info", State.DONE: "success", State.SKIPPED: "", State.FAILED: "danger"}
STEER = "organisations.steer_bulkjob"
FAILED_FIRST = [State.FAILED, State.WAITING, State.SKIPPED, State.DONE]


class BulkItemInline(ReadOnlyInline):
    model = BulkItem
    fields = ("name", "customer", "state_shown", "amount_shown", "reason")
    readonly_fields = fields
    show_change_link = False
    per_page = 50
    tab = False
    verbose_name_plural = "rows"
    state_shown = status("state", TONES, "State")
    amount_shown = money("amount", "Amount")

    def get_queryset(self, request: HttpRequest) -> Any:
        place = Case(*(When(state=state, then=n) for n, state in enumerate(FAILED_FIRST)), output_field=IntegerField())
        return super().get_queryset(request).select_related("organisation").order_by(place, "position")

    @admin.display(description="Customer")
    def customer(self, item: BulkItem) -> str:
        return item.organisation.name if item.organisation else EMPTY


@admin.register(BulkJob)
class BulkJobAdmin(ReadOnlyAdmin):
    empty_hint = "A bulk job begins when something is done to many rows of a list: tick them, and choose what to do."
    list_on_a_phone = ("name", "started", "state", "done_count")
    list_display = ("name", "started", "maker", "state", "rows_count", "done_count", "skipped_count", "failed_count")
    list_filter = ("maker", "created_at")
    list_select_related = ("maker",)
    fields = ("progress", "about")
    inlines = (BulkItemInline,)

    class Media:
        js = ("billing_platform/run_progress.js",)

    started = short_time("created_at", "Confirmed")

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the counts of the rows that the user may see."""
        items = scoped(BulkItem.objects.all(), request)
        counts = {f"n_{state}": Count("items", filter=Q(items__in=items, items__state=state)) for state in State.values}
        mine = jobs_of(request.user).values("pk")
        return super().get_queryset(request).filter(pk__in=mine).annotate(**counts)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        job = super().get_object(request, object_id, from_field)
        if job is not None:
            job.seen_by = request.user
        return job

    def may_act(self, request: HttpRequest, action: Action, obj: Any = None) -> bool:
        """Whoever made a job may stop it and try its failed rows again."""
        if obj is not None and action.permission == STEER and obj.maker_id == request.user.pk:
            return True
        return super().may_act(request, action, obj)

    def name_of(self, obj: BulkJob) -> str:
        return title_of(obj)

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_page(label="Result as CSV", permission="organisations.view_bulkjob", icon="download")
    def result(self, request: HttpRequest, job: BulkJob) -> HttpResponseBase:
        items = scoped(BulkItem.objects.filter(job=job), request).select_related("organisation").order_by("position")
        return csv_response("bulk-job", _lines(items))

    @object_page(label="Rows that were done", permission="organisations.view_bulkjob", icon="list")
    def rows_done(self, _request: HttpRequest, job: BulkJob) -> HttpResponse:
        return HttpResponseRedirect(list_address(verb_named(job.verb).model, **{JOB_VAR: str(job.pk)}))

    @object_page(
        label="Undo",
        permission="organisations.view_bulkjob",
        when=lambda job: isinstance(verb_named(job.verb).undo, Undo) and job.items.filter(state=State.DONE).exists(),
        icon="undo",
    )
    def undo(self, _request: HttpRequest, job: BulkJob) -> HttpResponse:
        """The page of the reversing verb, about the rows that were done, its form filled in."""
        verb = verb_named(job.verb)
        if not isinstance(verb.undo, Undo):
            raise Http404
        answers = {f"{ANSWER}{name}": value for name, value in verb.undo.options(job.options).items()}
        given = urlencode({JOB_VAR: str(job.pk)} | answers)
        return HttpResponseRedirect(f"{page_address(verb.model, action_name(verb_named(verb.undo.verb)))}?{given}")

    @object_action(
        label="Stop",
        permission=STEER,
        when=lambda job: job.finished_at is None,
        confirm="What is not begun is skipped. What is done stays done.",
        icon="stop_circle",
    )
    def stop(self, request: HttpRequest, job: BulkJob) -> str:
        user: Any = request.user
        starting.stop_job(job_id=job.pk, by=user.get_username())
        return "The job is stopped."

    @object_action(
        label="Try the failed again",
        permission=STEER,
        when=lambda job: job.items.filter(state=State.FAILED).exists(),
        confirm="Only rows that failed are tried again, with the rights of whoever confirmed the job.",
        icon="restart_alt",
    )
    def try_failed(self, _request: HttpRequest, job: BulkJob) -> str:
        starting.try_failed_again(job_id=job.pk)
        return "A worker tries them as soon as one is free."

    @object_action(
        label="Try now",
        permission=STEER,
        when=lambda job: job.finished_at is None and waits_for_a_person(job),
        confirm="A worker goes on with it at once.",
        icon="replay",
    )
    def try_now(self, _request: HttpRequest, job: BulkJob) -> str:
        starting.try_now(job_id=job.pk)
        return "A worker goes on as soon as one is free."

    # --- how it looks -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The progress alone, which the open page asks for again and again."""
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<path:object_id>/progress/", view, name="organisations_bulkjob_progress"), *super().get_urls()]

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        job = self.get_object(request, unquote(object_id))
        if job is None:
            raise Http404
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return HttpResponse(progress_panel(job, request.user))

    @admin.display(description="What", ordering="verb")
    def name(self, job: BulkJob) -> str:
        return title_of(job)

    @admin.display(description="State")
    def state(self, job: BulkJob) -> Any:
        if job.stopped_by:
            return badge("Stopped", "warning")
        if job.finished_at is None:
            return badge(job.work_state.label, "info")
        return badge("Finished", "success")

    @numeric
    @admin.display(description="Rows")
    def rows_count(self, job: Any) -> str:
        return f"{sum(getattr(job, f'n_{state}') for state in State.values):,}"

    @numeric
    @admin.display(description="Done")
    def done_count(self, job: Any) -> str:
        return f"{job.n_done:,}"

    @numeric
    @admin.display(description="Skipped")
    def skipped_count(self, job: Any) -> str:
        return f"{job.n_skipped:,}"

    @numeric
    @admin.display(description="Failed")
    def failed_count(self, job: Any) -> Any:
        return badge(f"{job.n_failed:,}", "danger") if job.n_failed else EMPTY

    @admin.display(description="Progress")
    def progress(self, job: Any) -> Any:
        return progress_panel(job, job.seen_by)

    @admin.display(description="About")
    def about(self, job: Any) -> Any:
        verb = verb_named(job.verb)
        done = BulkItem.objects.for_organisations(job.seen_by).filter(job=job, state=State.DONE).exclude(currency="")
        rows = [
            ("What", title_of(job)),
            ("Confirmed by", job.maker.get_username()),
            ("Done in all", format_sums(done.order_by().values_list("currency").annotate(Sum("amount")))),
            *((name.replace("_", " ").capitalize(), value) for name, value in job.options.items() if value),
            ("Stopped by", job.stopped_by),
            ("Last failure", job.last_failure),
            ("The way back", "Undo asks about it first." if isinstance(verb.undo, Undo) else verb.undo),
        ]
        return facts([(name, value) for name, value in rows if value])


def progress_panel(job: BulkJob, user: Any) -> str:
    """How far the job is, of the rows that a user may see."""
    counts = counts_of(job, BulkItem.objects.for_organisations(user))
    total, waiting = sum(counts.values()), counts[State.WAITING]
    context = {
        "percent": 100 if not total else (total - waiting) * 100 // total,
        "total": total,
        "waiting": waiting,
        "is_finished": job.finished_at is not None,
        "results": [(State(state).label, f"{count:,}") for state, count in counts.items() if count],
        "url": reverse("admin:organisations_bulkjob_progress", args=[job.pk]),
    }
    return render_to_string("admin/organisations/bulk_progress.html", context)


def _lines(items: Any) -> Iterator[list[str]]:
    yield ["Object", "Customer", "State", "Reason", "Amount", "Currency", "Key"]
    for item in items.iterator(chunk_size=1000):
        amount = "" if item.amount is None else short_text(item.amount)
        customer = item.organisation.name if item.organisation else ""
        yield [item.name, customer, item.get_state_display(), item.reason, amount, item.currency, str(item.object_id)]
