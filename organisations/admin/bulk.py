"""What is done to many rows of a list: the page that shows it beforehand, and the filter by the rows of a job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from billing_platform.lib.admin.actions import Facts, Method
from billing_platform.lib.admin.base import ActionForm, DropdownFilter, Extension, extends, rows_action
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money, format_sums
from organisations.models import BulkItem, BulkJob
from organisations.scoping import reaches_every_organisation
from organisations.services.bulk.preview import Preview, preview, read_seal
from organisations.services.bulk.starting import start_job
from organisations.services.bulk.verbs import BulkVerb, verb_named

JOB_VAR = "of_bulk_job"


def jobs_of(user: Any) -> Any:
    """One's own; who serves all customers sees everybody's."""
    return BulkJob.objects.all() if reaches_every_organisation(user) else BulkJob.objects.filter(maker=user)


def title_of(job: BulkJob) -> str:
    """Such as "Finalize invoices"."""
    verb = verb_named(job.verb)
    return verb.title or f"{verb.label} {verb.model._meta.verbose_name_plural}"


class BulkForm(ActionForm):
    """Shows what the verb would do to the rows (`obj`), and is valid only for exactly what was shown. Subclasses add
    what the verb asks for."""

    verb: ClassVar[BulkVerb]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked = [name for name in self.fields if name != "once"]
        if self.preview.is_large:
            self.fields["typed"] = forms.CharField(
                label=f"Type {self.preview.ready} to confirm", required=False, help_text=self._why_typed()
            )

    @cached_property
    def preview(self) -> Preview:
        given: Mapping[str, Any] = self.data if self.is_bound else self.initial
        options = {name: self._answered(name, given) for name in self._asked}
        return preview(self.verb, self.obj, options)

    @property
    def sums(self) -> str:
        return str(format_sums(self.preview.sums))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.preview.ready:
            raise forms.ValidationError("There is none among them to do this to.")
        if not self.preview.is_sealed_by(self.data.get("seal", "")):
            raise forms.ValidationError(self._difference())
        typed = str(cleaned.get("typed", "")).replace(",", "").strip()
        if "typed" in self.fields and typed != str(self.preview.ready):
            self.add_error("typed", f"Type {self.preview.ready}, the number of rows, to confirm.")
        return cleaned

    @property
    def answers(self) -> dict[str, Any]:
        options = {name: self._as_stored(name, self.cleaned_data.get(name)) for name in self._asked}
        return {"options": options, "token": self.cleaned_data["once"], "seal": self.preview.seal}

    def _answered(self, name: str, given: Mapping[str, Any]) -> Any:
        """As the job would store it; what is no answer yet counts as none."""
        try:
            answer = self.fields[name].clean(given.get(name) or self.fields[name].initial or "")
        except ValidationError:
            return ""
        return self._as_stored(name, answer)

    def _as_stored(self, name: str, answer: Any) -> Any:
        stored = self.fields[name].prepare_value(answer)
        return stored.isoformat() if isinstance(stored, date) else stored

    def _why_typed(self) -> str:
        return f"It reaches {self.preview.ready:,} rows{f', {self.sums} in all' if self.preview.sums else ''}."

    def _difference(self) -> str:
        """What changed since the page was shown. The page now shows it anew."""
        shown = read_seal(self.data.get("seal", ""))
        if shown is None:
            return "Look at what it would do, and confirm again."
        _bound, ready, sums = shown
        now = self.preview
        said = [f"{now.ready:,} rows now, {ready:,} before"] if now.ready != ready else []
        before = {currency: Decimal(total) for currency, total in sums.items()}
        for currency, total in now.sums:
            if before.get(currency) != total:
                was = f", {format_money(before[currency], currency)} before" if currency in before else ""
                said.append(f"{format_money(total, currency)} now{was}")
        told = "; ".join(said) or "other rows than before"
        return f"What it would do has changed since you looked: {told}. Look at it again, and confirm."


class ReasonedForm(BulkForm):
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="Stored with each, and in the log.")


class RemarkForm(BulkForm):
    reason = forms.CharField(max_length=REASON_LENGTH, required=False, help_text="For the log.")


def _nothing_more(_request: HttpRequest, _rows: Any) -> tuple[()]:
    return ()


def bulk_action(verb: BulkVerb, form: type[BulkForm] = BulkForm, facts: Facts = _nothing_more) -> Method:
    """The verb in the menu of its list: choosing leads to the page that shows what it would do, and `facts` of the
    rows if they help to decide; confirming begins a job, and leads there."""
    extends(verb.model)(RowsOfJobs)

    def begin(
        _owner: Any, request: HttpRequest, rows: Any, *, options: dict[str, Any], token: UUID, seal: str
    ) -> HttpResponse:
        job = start_job(
            verb=verb,
            rows=rows,
            maker=request.user,
            options=options,
            token=token,
            seal=seal,
            query=request.GET.urlencode(),
        )
        messages.success(request, "A worker is at it: this page shows how far it is.")
        return HttpResponseRedirect(admin_url(job))

    begin.__name__ = action_name(verb)
    return rows_action(
        label=verb.label,
        permission=verb.permission,
        form=type("BulkFormOfVerb", (form,), {"verb": verb}),
        confirm=verb.does,
        facts=facts,
        danger=verb.danger,
        template="admin/organisations/bulk_action.html",
    )(begin)


def action_name(verb: BulkVerb) -> str:
    return verb.name.partition(".")[2] + "_many"


class JobFilter(DropdownFilter):
    """The rows that a bulk job has done: its page leads to them, and to the reversing act on them. Shown only then."""

    title, parameter_name = "bulk job", JOB_VAR

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Also for a job that one may not see: without a choice, Django leaves the filter out, and shows all."""
        job, asked = self._job(request), request.GET.get(JOB_VAR, "")
        return [(asked, title_of(job) if job else "Not there")] if asked else []

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        done = BulkItem.objects.for_organisations(request.user).filter(
            job=self._job(request), state=BulkItem.State.DONE
        )
        return queryset.filter(pk__in=done.values("object_id"))

    def _job(self, request: HttpRequest) -> BulkJob | None:
        try:
            key = UUID(request.GET.get(JOB_VAR, ""))
        except ValueError:
            return None
        found: BulkJob | None = jobs_of(request.user).filter(pk=key).first()
        return found


class RowsOfJobs(Extension):
    list_filter = (JobFilter,)
