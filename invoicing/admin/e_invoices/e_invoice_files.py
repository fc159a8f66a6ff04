"""The portal's files: documents go out as JSON for its bulk upload, and its answers come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from billing_platform.lib.admin.base import rows_action
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.http.downloads import file_response
from invoicing.models import EInvoice
from invoicing.returns.e_invoice import as_json
from invoicing.selectors.e_invoices import checked
from invoicing.services.e_invoices.recording import FileReport, record_file
from organisations.operators_clock import operators_today

LARGEST_FILE = 20 * 1024 * 1024
MOST_DOCUMENTS = 1000
"""In one file, as the portal's offline tool takes them."""
_NAMED = 20


class UploadForm(forms.Form):
    file = forms.FileField(
        label="The portal's file",
        widget=forms.FileInput(attrs={"accept": ".json"}),
        help_text=f"JSON, at most {LARGEST_FILE // 1024 // 1024} MB: the answer for one document, or for many.",
    )


def file_of(payloads: Sequence[dict[str, Any]], name: str) -> HttpResponse:
    """A list, as the portal's bulk upload reads it."""
    return file_response(f"{name}.json", as_json(payloads), "application/json")


def _waiting(rows: Any) -> Any:
    related = rows.waiting().select_related("organisation", "billing_entity", "invoice", "credit_note")
    return related.order_by("issue_date", "number")


def _file_facts(_request: HttpRequest, rows: Any) -> list[tuple[str, Any]]:
    waiting = _waiting(rows)
    bad = [each.number for each in waiting[:MOST_DOCUMENTS] if checked(each).obstacles]
    good = min(waiting.count(), MOST_DOCUMENTS) - len(bad)
    shown = ", ".join(bad[:_NAMED]) + (" …" if len(bad) > _NAMED else "")
    return [
        ("In the file", "1 document that needs an IRN" if good == 1 else f"{good:,} documents that need an IRN"),
        ("Left out", f"{len(bad):,} that the portal would refuse: {shown}" if bad else "none"),
    ]


class EInvoiceFiles:
    """Gives the list of e-invoices the way out and the way back."""

    admin_site: Any
    opts: Any

    @rows_action(
        label="Download JSON",
        permission="invoicing.view_einvoice",
        confirm="One file for the portal's bulk upload. Upload its answer here afterwards.",
        facts=_file_facts,
    )
    def download_many(self, request: HttpRequest, rows: Any) -> HttpResponse:
        waiting = _waiting(rows)
        if waiting.count() > MOST_DOCUMENTS:
            raise DomainError(f"One file takes {MOST_DOCUMENTS:,} documents: choose fewer.", code="TOO_MANY")
        good = [found.payload for found in map(checked, waiting) if not found.obstacles]
        if not good:
            raise DomainError("None of them needs an IRN that the portal would give.", code="NOTHING_DONE")
        return file_of(good, f"e-invoices-{operators_today().isoformat()}")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", view, name="invoicing_einvoice_upload"), *super().get_urls()]  # type: ignore[misc]  # a mixin

    def buttons(self, request: HttpRequest, obj: Any = None) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = super().buttons(request, obj)  # type: ignore[misc]  # a mixin: the page has it
        if obj is not None or not self._may_record(request):
            return shown
        url = reverse("admin:invoicing_einvoice_upload")
        return [*shown, {"label": "Upload answer", "icon": "upload_file", "danger": False, "url": url}]

    def _may_record(self, request: HttpRequest) -> bool:
        """For some customer; for which ones is asked answer by answer."""
        user: Any = request.user
        return bool(user.has_perm("invoicing.record_einvoice"))

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self._may_record(request):
            raise PermissionDenied
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        report: FileReport | None = None
        if form.is_bound and form.is_valid():
            report = self._record(request, form)
        if report is not None and not report.refused:
            count = len(report.recorded)
            said = "1 document has its IRN now." if count == 1 else f"{count:,} documents have their IRN now."
            messages.success(request, said)
            return HttpResponseRedirect(reverse("admin:invoicing_einvoice_changelist"))
        return self._show(request, form, report)

    def _record(self, request: HttpRequest, form: UploadForm) -> FileReport | None:
        user: Any = request.user

        def may(found: EInvoice) -> bool:
            return bool(user.has_perm("invoicing.record_einvoice", found))

        try:
            return record_file(content=form.cleaned_data["file"].read(LARGEST_FILE + 1)[:LARGEST_FILE], may=may)
        except InvalidInput as error:
            form.add_error("file", error.details["file"])
            return None

    def _show(self, request: HttpRequest, form: UploadForm, report: FileReport | None) -> HttpResponse:
        page: Any = self
        page.style_form(form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Upload the portal's answer",
            "form": form,
            "report": report,
            "back_url": reverse("admin:invoicing_einvoice_changelist"),
        }
        return TemplateResponse(request, "admin/invoicing/e_invoice_upload.html", context)
