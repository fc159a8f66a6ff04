"""The form of a template: its fields, and the document beside them as they would make it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from billing_platform.lib.admin.base import scoped
from billing_platform.lib.admin.inputs import Select
from billing_platform.lib.http.downloads import PDF, file_response
from invoicing.documents import AS_ISSUED, InvoiceDocument
from invoicing.documents.html import built_in
from invoicing.documents.html_values import Medium, values_of
from invoicing.documents.samples import CREDIT_NOTE, INVOICE
from invoicing.documents.template_engine import TemplateRefused
from invoicing.models import CreditNote, Invoice, InvoiceTemplate, InvoiceTemplateVersion
from invoicing.selectors.documents import invoice_document
from invoicing.services import templates

_SAMPLES = {"invoice": INVOICE, "credit-note": CREDIT_NOTE}
_RECENT = 10
_CONTENT = InvoiceTemplateVersion.content_fields()
_CHOSEN = ("shown_document", "shown_as")
_SHOWN_AS = [("page", "Page"), ("phone", "Page on a phone"), ("email", "E-mail")]


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs only
    """The template's own columns, and those of its draft."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial = {**self.instance.newest.content, **self.initial}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            self.version().full_clean(exclude=["template"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            self.add_error(None, error)
        return cleaned

    def content(self) -> dict[str, Any]:
        found = {name: self.cleaned_data[name] for name in _CONTENT if name in self.cleaned_data}
        return {**found, "logo": found.get("logo") or ""}

    def version(self) -> InvoiceTemplateVersion:
        """What was typed, as a version that is not stored."""
        return InvoiceTemplateVersion(number=1, **self.content())


class Wanted(NamedTuple):
    """What is asked of a preview."""

    version: InvoiceTemplateVersion
    document: InvoiceDocument
    shown_as: str


class Problem(NamedTuple):
    """Why there is no preview; `field` and `line` say where in the form, as far as it is known."""

    sentence: str
    field: str = ""
    line: int = 0


class EditorMixin:
    """Gives the page of templates its form and its preview."""

    admin_site: Any

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        page: Any = self
        columns = {name: InvoiceTemplateVersion._meta.get_field(name) for name in _CONTENT}
        asked = {name: page.formfield_for_dbfield(column, request) for name, column in columns.items()}
        for name, rows in (("html", 24), ("css", 12)):
            attrs = asked[name].widget.attrs
            own = {"rows": rows, "spellcheck": "false", "data-built-in": built_in(name)}
            attrs.update({**own, "class": f"{attrs.get('class', '')} code"})
        for name, label, choices in (
            ("shown_document", "Document", list(_documents(request, obj))),
            ("shown_as", "As", _SHOWN_AS),
        ):
            asked[name] = forms.ChoiceField(choices=choices, required=False, label=label, widget=Select)
        form = type("AskedForm", (TemplateForm,), asked)
        return super().get_form(request, obj, change=change, **{"form": form, **kwargs})  # type: ignore[misc]

    @admin.display(description="Variables")
    def variables(self, _template: InvoiceTemplate) -> SafeString:
        """What a template may print, with the values of the sample."""
        rows = format_html_join("", "<tr><td><code>{}</code></td><td>{}</td></tr>", _names_of(_sample_values()))
        return format_html(
            '<details class="template-variables"><summary>All names, with the values of the sample invoice</summary>'
            "<table>{}</table></details>",
            rows,
        )

    @admin.display(description="What it looks like")
    def preview(self, template: InvoiceTemplate) -> SafeString:
        """The panel that form_preview.js fills, and fills again while something is typed."""
        of = {} if template._state.adding else {"of": template.pk}
        url = reverse(f"{self.admin_site.name}:invoicing_invoicetemplate_preview")
        return format_html(
            '<button type="submit" class="text-link" formaction="{}?{}" formtarget="_blank" formnovalidate>'
            "Open as PDF</button>"
            '<div class="template-preview" aria-live="polite" data-preview-url="{}?{}">It is shown here.</div>',
            url,
            urlencode({**of, "format": "pdf"}),
            url,
            urlencode(of),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        own = path("preview/", view, name="invoicing_invoicetemplate_preview")
        return [own, *super().get_urls()]  # type: ignore[misc]

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        wanted = self._wanted(request)
        if not isinstance(wanted, Wanted):
            return HttpResponse(_problem_list(wanted))
        if request.GET.get("format") == "pdf":
            return file_response("preview.pdf", templates.preview_pdf(*wanted[:2]), PDF, shown=True)
        medium = Medium.EMAIL if wanted.shown_as == "email" else Medium.PAGE
        try:
            page = templates.preview(*wanted[:2], medium=medium)
        except TemplateRefused as error:
            where = f"{error.field.upper()}, line {error.line}" if error.line else error.field.upper()
            return HttpResponse(_problem_list([Problem(f"{where}: {error.message}", error.field, error.line)]))
        # no permission for the frame: what is in it may do nothing at all
        frame = '<iframe class="{}" sandbox="" title="Preview" srcdoc="{}"></iframe>'
        return HttpResponse(format_html(frame, wanted.shown_as, page))

    def _wanted(self, request: HttpRequest) -> Wanted | list[Problem]:
        """What was typed; who may only look sees what is stored. Raises Http404, PermissionDenied."""
        page: Any = self
        obj, stored = None, request.GET.get("of")
        if stored is not None:
            obj = page.get_object(request, stored)
            if obj is None:
                raise Http404
        if obj is not None and not page.has_change_permission(request, obj) and page.has_view_permission(request, obj):
            return Wanted(obj.newest, INVOICE, "page")
        if not (page.has_change_permission(request, obj) if obj is not None else page.has_add_permission(request)):
            raise PermissionDenied
        form = self.get_form(request, obj, change=obj is not None)(request.POST, request.FILES, instance=obj)
        seen = {name: texts for name, texts in form.errors.items() if name in (*_CONTENT, *_CHOSEN)}
        if seen:  # a name that is missing is told when it is saved
            return [Problem(f"{form.fields[name].label}: {texts[0]}", name) for name, texts in seen.items()]
        document = _document(request, form.cleaned_data.get("shown_document") or "invoice")
        return Wanted(form.version(), document, form.cleaned_data.get("shown_as") or "page")


def _documents(request: HttpRequest, template: InvoiceTemplate | None) -> Iterator[tuple[str, str]]:
    """The samples, and the newest documents that the user may see."""
    user: Any = request.user
    yield from (("invoice", "Sample invoice"), ("credit-note", "Sample credit note"))
    models: tuple[Any, ...] = (Invoice, CreditNote)
    for model in models:
        if not user.has_perm(f"invoicing.view_{model._meta.model_name}"):
            continue
        rows = scoped(model.objects.exclude(number=""), request).select_related("organisation")
        if template is not None and template.organisation_id:
            rows = rows.filter(organisation=template.organisation_id)
        for row in rows.order_by("-created_at")[:_RECENT]:
            yield (str(row.pk), f"{row.number} · {row.organisation}")


def _document(request: HttpRequest, chosen: str) -> InvoiceDocument:
    """`chosen` is one of `_documents`."""
    if chosen in _SAMPLES:
        return _SAMPLES[chosen]
    invoice = scoped(Invoice.objects.exclude(number=""), request).filter(pk=UUID(chosen)).first()
    if invoice is not None:
        return invoice_document(invoice)
    note = scoped(CreditNote.objects.all(), request).filter(pk=UUID(chosen)).first()
    if note is None:
        raise Http404
    return InvoiceDocument.from_json(note.document)


def _problem_list(problems: Iterable[Problem]) -> SafeString:
    rows = ((each.field, each.line, each.sentence) for each in problems)
    return format_html(
        '<ul class="template-problems" role="alert">{}</ul>',
        format_html_join("", '<li data-field="{}" data-line="{}">{}</li>', rows),
    )


def _sample_values() -> Mapping[str, Any]:
    links = {"pay": "https://…", "pdf": "https://…", "page": "https://…"}
    return values_of(INVOICE, AS_ISSUED, Medium.PAGE, "", links)


def _names_of(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """document.number, and of a list `lines[0].description`, with the values that they stand for."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _names_of(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        yield from _names_of(value[0], f"{name}[0]") if value else [(name, "an empty list here")]
    else:
        yield (name, str(value))
