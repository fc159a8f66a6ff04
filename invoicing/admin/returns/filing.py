"""GST returns: what is due, each return in figures with what blocks it, its exports, and the portal's receipt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    badge,
    list_action,
    list_page,
    numeric,
    object_action,
    object_page,
)
from billing_platform.lib.admin.display import EMPTY
from billing_platform.lib.admin.work import WORK, try_now_action, work_column
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.downloads import file_response
from billing_platform.lib.law import INDIAN_TIME, gstr1_due_day
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.returns.chosen_return import FREQUENCIES, ChosenReturn, ReturnForm, once
from invoicing.admin.returns.figures import figures, headline
from invoicing.admin.runs.months import ended_months, recent_months
from invoicing.models import Filing, FilingFile
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.selectors.final_documents import changes_since, gstins
from invoicing.services.returns import filing as filings
from organisations.scoping import reaches_every_organisation

FILE = "invoicing.file_filing"
TONES = {Filing.Status.DRAFT: "info", Filing.Status.EXPORTED: "warning", Filing.Status.FILED: "success"}


class FiledForm(ActionForm):
    arn = forms.CharField(
        label="ARN", max_length=15, help_text="The receipt that the portal showed, such as AA2910261234567."
    )
    filed_on = forms.DateField(label="Filed on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["filed_on"].initial = clock.today(INDIAN_TIME)


def export_facts(request: HttpRequest, _none: Any) -> Iterator[tuple[str, Any]]:
    chosen = once(request)
    if chosen is None:
        return
    yield "Return", f"GSTR-1 of {chosen.gstin}, {chosen.period}"
    yield from headline(chosen.summary)


def export_obstacles(request: HttpRequest, _none: Any) -> Iterator[Any]:
    chosen = once(request)
    if chosen is None:
        yield "No seller has a GSTIN."
    elif count := chosen.summary["blocking"]:
        yield format_html(
            "The portal would refuse {} of this return. "
            '<a class="text-link" href="{}">See which, and where to mend them.</a>',
            f"{count:,} thing{'s' if count != 1 else ''}",
            chosen.url,
        )


def export_warnings(request: HttpRequest, _none: Any) -> Iterator[str]:
    chosen = once(request)
    if chosen is not None and clock.today(INDIAN_TIME) < chosen.period.end:
        yield f"{chosen.period} is not over: what is issued until then would be missing. Export again afterwards."


def filed_warnings(_request: HttpRequest, filing: Filing) -> Iterator[str]:
    lacking, void = changes_since(filing)
    if lacking or void:
        yield (
            f"Since this export, {lacking:,} document{'s' if lacking != 1 else ''} came and {void:,} "
            f"invoice{'s' if void != 1 else ''} became void. If this version is the filed one, the next return reports "
            "the one and changes the other. If nothing is filed yet, export again and file that."
        )


def _has_files(filing: Filing) -> bool:
    return bool(filing.status != Filing.Status.DRAFT)


@admin.register(Filing)
class FilingAdmin(ReadOnlyAdmin):
    """Tells something of every customer: for people who serve them all."""

    empty_hint = "An export of a return begins its list of versions: choose a return above."
    list_display = ("name", "gstin", "version", "standing", "documents_count", "arn", "filed_on")
    list_on_a_phone = ("name", "gstin", "standing", "arn")
    list_filter = ("status", "gstin", "frequency")
    list_before_template = "admin/invoicing/gstr1_overview.html"
    fieldsets = (
        (None, {"fields": ("standing", "files", ("gstin", "period_name"), ("arn", "filed_on", "filed_by"))}),
        ("Figures", {"fields": ("shown_figures",), "classes": ("alone",)}),
        ("Export", {"fields": (("version", "read_at", "requested_by"), "documents")}),
        WORK,
    )
    readonly_fields = ("standing", "files", "period_name", "shown_figures", "work")
    work = work_column()
    try_now = try_now_action(permission="invoicing.export_filing", service=lambda pk: filings.try_now(filing_id=pk))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view") and reaches_every_organisation(request.user)

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request).select_related("requested_by", "filed_by")
        return found.defer("summary", "invoices", "void_invoices", "credit_notes")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"overview": list(_overview()), **(extra_context or {})})

    @list_page(label="Look at a return", permission="invoicing.view_filing", icon="fact_check")
    def gstr1(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Http404
        chosen = once(request)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "GST return",
            "is_fullwidth": "1",
            "chosen": chosen,
            "gstins": gstins(),
            "months": recent_months(),
            "frequencies": FREQUENCIES.items(),
        }
        if chosen is not None:
            context |= self._of(request, chosen)
        return TemplateResponse(request, "admin/invoicing/gstr1.html", context)

    def _of(self, request: HttpRequest, chosen: ChosenReturn) -> dict[str, Any]:
        versions = self.get_queryset(request).of(chosen.gstin, chosen.period).order_by("-version")
        is_filed = any(each.status == Filing.Status.FILED for each in versions)
        newest = next(iter(versions), None)
        exported = newest if newest and newest.status == Filing.Status.EXPORTED else None
        is_exportable = not is_filed and not chosen.summary["blocking"]
        return {
            "title": f"GSTR-1: {chosen.period}",
            "figures": figures(chosen.summary),
            "versions": [(each, self.standing(each)) for each in versions],
            "is_filed": is_filed,
            "exported": exported,
            "may_file": request.user.has_perm(FILE),
            "may_export": is_exportable and request.user.has_perm("invoicing.export_filing"),
            "due": due_words(chosen.period, is_filed=is_filed),
        }

    @list_action(
        label="Export a return",
        permission="invoicing.export_filing",
        form=ReturnForm,
        confirm="A worker reads the documents once more and stores the portal's JSON, the CSV and the workbook as a "
        "version that never changes.",
        facts=export_facts,
        warnings=export_warnings,
        obstacles=export_obstacles,
        icon="ios_share",
    )
    def export(self, request: HttpRequest, *, gstin: str, month: BillingPeriod, frequency: str) -> HttpResponse:
        period = ReturnPeriod.of(month, Frequency(frequency))
        filing = filings.request_export(gstin=gstin, period=period, by=request.user)
        self.log_addition(request, filing, "Export asked for.")
        return self.done(request, f"Version {filing.version} is being made: its files are here in a moment.", filing)

    @object_action(
        label="Record as filed",
        permission=FILE,
        when=lambda filing: filing.status == Filing.Status.EXPORTED,
        form=FiledForm,
        confirm="Say that this version was filed on the portal. No other version can be filed then: what changes later "
        "is in the next return.",
        facts=lambda _request, filing: headline(filing.summary),
        warnings=filed_warnings,
        icon="verified",
    )
    def record_filed(self, request: HttpRequest, filing: Filing, *, arn: str, filed_on: date) -> str:
        filings.record_filing(filing_id=filing.pk, arn=arn, filed_on=filed_on, by=request.user)
        return f"Filed on {day_text(filed_on)} with ARN {arn.upper()}."

    def _download(self, filing: Filing, format_: str) -> HttpResponse:
        file = filing.files.filter(format=format_).first()
        if file is None:
            raise Http404
        return file_response(file.name, bytes(file.content), file.media_type)

    @object_page(label="JSON for the portal", permission="invoicing.view_filing", when=_has_files, icon="download")
    def download_json(self, _request: HttpRequest, filing: Filing) -> HttpResponse:
        return self._download(filing, FilingFile.Format.JSON)

    @object_page(label="CSV", permission="invoicing.view_filing", when=_has_files, icon="download")
    def download_csv(self, _request: HttpRequest, filing: Filing) -> HttpResponse:
        return self._download(filing, FilingFile.Format.CSV)

    @object_page(label="Workbook", permission="invoicing.view_filing", when=_has_files, icon="download")
    def download_xlsx(self, _request: HttpRequest, filing: Filing) -> HttpResponse:
        return self._download(filing, FilingFile.Format.XLSX)

    @admin.display(description="Return", ordering="period_start")
    def name(self, filing: Filing) -> str:
        return f"GSTR-1, {filing.period}"

    @admin.display(description="Period")
    def period_name(self, filing: Filing) -> Any:
        """Leads to the return as its documents are now."""
        chosen = ChosenReturn(filing.gstin, filing.period.last_month, Frequency(filing.frequency))
        return format_html('<a class="text-link" href="{}">{}</a>', chosen.url, filing.period)

    @admin.display(description="State", ordering="status")
    def standing(self, filing: Filing) -> Any:
        if filing.status == Filing.Status.DRAFT and filing.last_failure:
            return format_html("{} {}", badge("Not made", "danger"), filing.last_failure)
        return badge(filing.get_status_display(), TONES[Filing.Status(filing.status)])

    @numeric
    @admin.display(description="Documents", ordering="documents")
    def documents_count(self, filing: Filing) -> str:
        return format_number(filing.documents) if filing.read_at else EMPTY

    @admin.display(description="Files")
    def files(self, filing: Filing) -> Any:
        found = filing.files.defer("content")
        return render_to_string("admin/invoicing/filing_files.html", {"files": found}) if found else EMPTY

    @admin.display(description="Figures")
    def shown_figures(self, filing: Filing) -> Any:
        if not filing.summary:
            return EMPTY
        return render_to_string("admin/invoicing/gstr1_figures.html", {"figures": figures(filing.summary)})


def due_day(period: ReturnPeriod) -> date:
    """An IFF is due with the quarters (CGST Rule 59 (2))."""
    return gstr1_due_day(period.end, quarterly=period.frequency != Frequency.MONTHLY)


def due_words(period: ReturnPeriod, *, is_filed: bool) -> Any:
    """The day, and how many days ago it was where the return is not filed."""
    due = due_day(period)
    late = 0 if is_filed else max((clock.today(INDIAN_TIME) - due).days, 0)
    words = f"{late:,} day{'s' if late != 1 else ''} late"
    return format_html('{} <span class="late">{}</span>', day_text(due), words) if late else day_text(due)


def _overview() -> Iterator[dict[str, Any]]:
    """Each GSTIN, and how the month that ended last stands."""
    month = BillingPeriod.parse(ended_months()[0][0])
    for gstin in gstins():
        versions = Filing.objects.filter(gstin=gstin, period_start__lte=month.start, period_end__gte=month.end)
        newest = versions.exclude(frequency=Frequency.IFF).order_by("-status", "-version").first()
        frequency = Frequency(newest.frequency) if newest else Frequency.MONTHLY
        chosen = ChosenReturn(gstin, month, frequency)
        yield {
            "gstin": gstin,
            "period": str(chosen.period),
            "url": chosen.url,
            "due": due_words(chosen.period, is_filed=bool(newest and newest.status == Filing.Status.FILED)),
            "standing": badge(newest.get_status_display(), TONES[Filing.Status(newest.status)])
            if newest
            else badge("To export", "warning"),
            "filed": f"ARN {newest.arn}, {day_text(newest.filed_on)}" if newest and newest.filed_on else "",
        }
