"""Templates of documents: an editor with the document beside it, and what is released and in use."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from billing_platform.lib.admin.base import (
    ModelAdmin,
    ReadOnlyInline,
    Select,
    badge,
    list_page,
    object_action,
    object_page,
    scoped,
)
from invoicing.documents import InvoiceDocument
from invoicing.documents.html import built_in
from invoicing.documents.html_values import Medium
from invoicing.documents.samples import CREDIT_NOTE, INVOICE
from invoicing.documents.template_engine import TemplateRefused
from invoicing.models import CreditNote, Invoice, InvoiceTemplate, InvoiceTemplateVersion
from invoicing.selectors.documents import invoice_document
from invoicing.services import templates

_SAMPLES = {"invoice": INVOICE, "credit-note": CREDIT_NOTE}
_RECENT = 10
_CONTENT = InvoiceTemplateVersion.content_fields()
_RELEASE = "invoicing.release_invoicetemplate"


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


class VersionsOfTemplate(ReadOnlyInline):
    model = InvoiceTemplateVersion
    verbose_name_plural = "versions"
    fields = readonly_fields = ("number", "released_at", "colour", "language", "footer")
    ordering = ("-number",)


@admin.register(InvoiceTemplate)
class InvoiceTemplateAdmin(ModelAdmin):
    empty_hint = "Invoices have the built-in look, with the seller's logo and colour. Add a template to change it."
    list_on_a_phone = ("name", "for_whom", "state")
    list_display = ("name", "for_whom", "state", "updated_at")
    list_filter = ("is_default", "organisation", "billing_entity")
    list_select_related = ("organisation", "billing_entity", "released")
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation",)
    readonly_fields = ("preview",)
    fieldsets = (
        ("Template", {"fields": ("name", ("organisation", "billing_entity"))}),
        (
            "Look",
            {
                "fields": (
                    ("colour", "logo"),
                    ("font", "language"),
                    "footer",
                    "notes",
                    ("shows_quantities", "shows_working", "shows_bank"),
                )
            },
        ),
        ("Preview", {"fields": (("shown_document", "shown_as"), "preview")}),
        (
            "HTML and CSS",
            {"fields": ("html", "css"), "description": "Of the page and the e-mail; PDFs follow the options above."},
        ),
    )
    inlines = (VersionsOfTemplate,)

    class Media:
        js = ("billing_platform/form_preview.js",)
        css = {"all": ("billing_platform/template_editor.css",)}

    # --- list and form --------------------------------------------------------------------------------------------

    @admin.display(description="For", ordering="organisation__name")
    def for_whom(self, template: InvoiceTemplate) -> str:
        return template.used_for

    @admin.display(description="State", ordering="is_default")
    def state(self, template: InvoiceTemplate) -> SafeString:
        if template.is_default:
            return badge(f"In use, version {template.released.number}" if template.released else "In use", "success")
        return badge(f"Released, version {template.released.number}") if template.released else badge("Draft", "info")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A template stays with its customer or its seller."""
        return ("preview",) if obj is None else ("preview", "organisation", "billing_entity")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        columns = {name: InvoiceTemplateVersion._meta.get_field(name) for name in _CONTENT}
        asked = {name: self.formfield_for_dbfield(column, request) for name, column in columns.items()}
        for name, rows in (("html", 24), ("css", 12)):
            attrs = asked[name].widget.attrs
            attrs.update({"rows": rows, "spellcheck": "false", "class": f"{attrs.get('class', '')} code"})
        asked["shown_document"] = forms.ChoiceField(
            choices=list(self._documents(request, obj)), required=False, label="Document", widget=Select
        )
        asked["shown_as"] = forms.ChoiceField(
            choices=[("page", "Page"), ("email", "E-mail")], required=False, label="As", widget=Select
        )
        form = type("AskedForm", (TemplateForm,), asked)
        return super().get_form(request, obj, change=change, **{"form": form, **kwargs})

    @list_page(label="Built-in HTML and CSS", permission="invoicing.view_invoicetemplate", icon="code")
    def built_in_source(self, _request: HttpRequest, _target: None) -> HttpResponse:
        """To begin with, and to see which variables there are."""
        return HttpResponse(f"{built_in('html')}\n{built_in('css')}", content_type="text/plain; charset=utf-8")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = form.content()
        if change:
            templates.change_template(template_id=obj.pk, name=obj.name, **content)
        else:
            own = {"organisation": obj.organisation, "billing_entity": obj.billing_entity}
            obj.pk = templates.create_template(name=obj.name, **own, **content).pk

    # --- preview --------------------------------------------------------------------------------------------------

    @admin.display(description="What it looks like")
    def preview(self, template: InvoiceTemplate) -> SafeString:
        """The panel that form_preview.js fills, and fills again while something is typed."""
        query = "" if template._state.adding else f"?{urlencode({'of': template.pk})}"
        url = reverse(f"{self.admin_site.name}:invoicing_invoicetemplate_preview")
        return format_html(
            '<div class="template-preview" aria-live="polite" data-preview-url="{}{}">It is shown here.</div>',
            url,
            query,
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="invoicing_invoicetemplate_preview"), *super().get_urls()]

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest) -> HttpResponse:
        form = self._typed(request)
        if form is None:
            raise PermissionDenied
        if not form.is_valid():
            sentences = [
                (form.fields[name].label if name in form.fields else "", text[0]) for name, text in form.errors.items()
            ]
            return HttpResponse(_problems(f"{label}: {text}".removeprefix(": ") for label, text in sentences))
        document = self._document(request, form.cleaned_data.get("shown_document") or "invoice")
        medium = Medium(form.cleaned_data.get("shown_as") or Medium.PAGE)
        try:
            page = templates.preview(form.version(), document, medium=medium)
        except TemplateRefused as error:
            return HttpResponse(_problems([f"{'CSS' if error.in_css else 'HTML'}, {error.in_words}"]))
        # no permission for the frame: what is in it may do nothing at all
        return HttpResponse(format_html('<iframe sandbox="" title="Preview" srcdoc="{}"></iframe>', page))

    def _typed(self, request: HttpRequest) -> Any:
        """The form as it was typed; None for who may not write it. Raises Http404."""
        obj, stored = None, request.GET.get("of")
        if stored is not None:
            obj = self.get_object(request, stored)
            if obj is None:
                raise Http404
        allowed = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        return (
            self.get_form(request, obj, change=obj is not None)(request.POST, request.FILES, instance=obj)
            if allowed
            else None
        )

    def _documents(self, request: HttpRequest, template: InvoiceTemplate | None) -> Iterator[tuple[str, str]]:
        """The samples, and the newest documents that the user may see."""
        yield from (("invoice", "Sample invoice"), ("credit-note", "Sample credit note"))
        for model in (Invoice, CreditNote):
            if not request.user.has_perm(f"invoicing.view_{model._meta.model_name}"):
                continue
            rows = scoped(model.objects.exclude(number=""), request).select_related("organisation")
            if template is not None and template.organisation_id:
                rows = rows.filter(organisation=template.organisation_id)
            yield from (
                (str(row.pk), f"{row.number} · {row.organisation}") for row in rows.order_by("-created_at")[:_RECENT]
            )

    def _document(self, request: HttpRequest, chosen: str) -> InvoiceDocument:
        if chosen in _SAMPLES:
            return _SAMPLES[chosen]
        invoice = scoped(Invoice.objects.exclude(number=""), request).filter(pk=UUID(chosen)).first()
        if invoice is not None:
            return invoice_document(invoice)
        note = scoped(CreditNote.objects.all(), request).filter(pk=UUID(chosen)).first()
        if note is None:
            raise Http404
        return InvoiceDocument.from_json(note.document)

    @object_page(label="Preview PDF", permission="invoicing.view_invoicetemplate", icon="picture_as_pdf")
    def pdf(self, _request: HttpRequest, template: InvoiceTemplate) -> HttpResponse:
        response = HttpResponse(templates.preview_pdf(template.newest), content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="preview.pdf"'
        return response

    # --- its life -------------------------------------------------------------------------------------------------

    @object_action(
        label="Release",
        permission=_RELEASE,
        when=lambda template: template.draft is not None,
        facts=lambda _request, template: _changes(template),
        confirm="A released version never changes. Where the template is in use, the next documents have it.",
        icon="publish",
    )
    def release(self, _request: HttpRequest, template: InvoiceTemplate) -> str:
        released = templates.release_template(template_id=template.pk).released
        return f"Version {released.number} is released." if released else ""

    @object_action(
        label="Use",
        permission=_RELEASE,
        when=lambda template: template.released is not None and not template.is_default,
        facts=lambda _request, template: [
            ("For", template.used_for),
            ("In use till now", _in_use_instead_of(template)),
        ],
        confirm="The next documents are issued with it. Those that are issued already keep their look.",
        icon="check_circle",
    )
    def use(self, _request: HttpRequest, template: InvoiceTemplate) -> str:
        templates.use_template(template_id=template.pk)
        return "The next documents are issued with this template."

    @object_action(
        label="Stop using",
        permission=_RELEASE,
        when=lambda template: template.is_default,
        confirm="The next documents are issued with what holds otherwise: the seller's template, or the built-in look.",
        icon="block",
    )
    def stop_using(self, _request: HttpRequest, template: InvoiceTemplate) -> str:
        templates.stop_using_template(template_id=template.pk)
        return "The next documents are issued without this template."

    @object_action(
        label="Discard the draft",
        permission="invoicing.change_invoicetemplate",
        when=lambda template: template.released is not None and template.draft is not None,
        facts=lambda _request, template: _changes(template),
        confirm="What was changed since the release is lost.",
        danger=True,
        icon="undo",
    )
    def discard(self, _request: HttpRequest, template: InvoiceTemplate) -> str:
        templates.discard_draft(template_id=template.pk)
        return "The draft was discarded."

    @object_action(
        label="Delete",
        permission="invoicing.delete_invoicetemplate",
        when=lambda template: template.released is None,
        confirm="It was never released, so no document names it.",
        danger=True,
        icon="delete",
    )
    def delete_template(self, request: HttpRequest, template: InvoiceTemplate) -> HttpResponse:
        templates.delete_template(template_id=template.pk)
        messages.success(request, "The template was deleted.")
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:invoicing_invoicetemplate_changelist"))


def _problems(sentences: Any) -> SafeString:
    return format_html(
        '<ul class="template-problems" role="alert">{}</ul>',
        format_html_join("", "<li>{}</li>", ((each,) for each in sentences)),
    )


def _in_use_instead_of(template: InvoiceTemplate) -> str:
    there = InvoiceTemplate.objects.filter(
        organisation=template.organisation, billing_entity=template.billing_entity, is_default=True
    )
    return str(there.first() or "None of its own")


def _changes(template: InvoiceTemplate) -> Iterator[tuple[str, Any]]:
    """What the draft has otherwise than the released version."""
    draft, released = template.draft, template.released
    if draft is None:
        return
    yield ("Version", str(draft.number))
    if released is None:
        return
    columns = {each.name: each for each in InvoiceTemplateVersion._meta.concrete_fields}
    for name in _CONTENT:
        before, after = getattr(released, name), getattr(draft, name)
        if before != after:
            label = str(columns[name].verbose_name)
            yield (label[:1].upper() + label[1:], _difference(str(before), str(after)))


def _difference(before: str, after: str) -> SafeString | str:
    if "\n" not in before + after:
        return f"{before or '–'} → {after or '–'}"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return format_html('<pre class="template-diff">{}</pre>', "\n".join(list(lines)[2:]))
