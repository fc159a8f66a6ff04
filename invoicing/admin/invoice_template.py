"""Templates of documents: an editor with the document beside it, and what is released and in use."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import ModelAdmin, ReadOnlyInline, Undoable, badge, list_page, object_action
from invoicing.admin.template_editor import EditorMixin
from invoicing.documents.html import built_in
from invoicing.models import InvoiceTemplate, InvoiceTemplateVersion
from invoicing.services import templates

_RELEASE = "invoicing.release_invoicetemplate"


class VersionsOfTemplate(ReadOnlyInline):
    model = InvoiceTemplateVersion
    verbose_name_plural = "versions"
    fields = readonly_fields = ("number", "released_at", "colour", "language", "footer")
    ordering = ("-number",)


@admin.register(InvoiceTemplate)
class InvoiceTemplateAdmin(EditorMixin, ModelAdmin):
    empty_hint = "Invoices have the built-in look, with the seller's logo and colour. Add a template to change it."
    list_on_a_phone = ("name", "for_whom", "state")
    list_display = ("name", "for_whom", "state", "updated_at")
    list_filter = ("is_default", "organisation", "billing_entity")
    list_select_related = ("organisation", "billing_entity", "released")
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation",)
    readonly_fields = ("variables", "preview")
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
        (
            "HTML and CSS",
            {
                "fields": ("html", "css", "variables"),
                "description": "Of the page and the e-mail; PDFs follow the options above.",
            },
        ),
        ("Preview", {"fields": (("shown_document", "shown_as"), "preview"), "classes": ("beside",)}),
    )
    inlines = (VersionsOfTemplate,)

    class Media:
        js = ("billing_platform/form_preview.js", "billing_platform/template_editor.js")
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

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look sees what it looks like, in place of the form."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return (self.fieldsets[0], ("Preview", {"fields": ("preview",), "classes": ("beside",)}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A template stays with its customer or its seller."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "organisation", "billing_entity")

    @list_page(label="Built-in HTML and CSS", permission="invoicing.view_invoicetemplate", icon="code")
    def built_in_source(self, _request: HttpRequest) -> HttpResponse:
        """To begin with, and to see which variables there are."""
        answer = HttpResponse(f"{built_in('html')}\n{built_in('css')}", content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="built-in-template.txt"'
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = form.content()
        if change:
            templates.change_template(template_id=obj.pk, name=obj.name, **content)
        else:
            own = {"organisation": obj.organisation, "billing_entity": obj.billing_entity}
            obj.pk = templates.create_template(name=obj.name, **own, **content).pk

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
    def use(self, _request: HttpRequest, template: InvoiceTemplate) -> Undoable:
        before = _in_use_for_the_same(template)
        templates.use_template(template_id=template.pk)
        said = "The next documents are issued with this template."
        return Undoable(said, before, "use") if before else Undoable(said, template, "stop_using")

    @object_action(
        label="Stop using",
        permission=_RELEASE,
        when=lambda template: template.is_default,
        confirm="The next documents are issued with what holds otherwise: the seller's template, or the built-in look.",
        icon="block",
    )
    def stop_using(self, _request: HttpRequest, template: InvoiceTemplate) -> Undoable:
        templates.stop_using_template(template_id=template.pk)
        return Undoable("The next documents are issued without this template.", template, "use")

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


def _in_use_for_the_same(template: InvoiceTemplate) -> InvoiceTemplate | None:
    there = InvoiceTemplate.objects.filter(
        organisation=template.organisation, billing_entity=template.billing_entity, is_default=True
    )
    found: InvoiceTemplate | None = there.first()
    return found


def _in_use_instead_of(template: InvoiceTemplate) -> str:
    return str(_in_use_for_the_same(template) or "None of its own")


def _changes(template: InvoiceTemplate) -> Iterator[tuple[str, Any]]:
    """What the draft has otherwise than the released version."""
    draft, released = template.draft, template.released
    if draft is None:
        return
    yield ("Version", str(draft.number))
    if released is None:
        return
    columns = {each.name: each for each in InvoiceTemplateVersion._meta.concrete_fields}
    for name in InvoiceTemplateVersion.content_fields():
        before, after = getattr(released, name), getattr(draft, name)
        if before != after:
            label = str(columns[name].verbose_name)
            yield (label[:1].upper() + label[1:], _difference(str(before), str(after)))


def _difference(before: str, after: str) -> SafeString | str:
    if "\n" not in before + after:
        return f"{before or '–'} → {after or '–'}"
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return format_html('<pre class="template-diff">{}</pre>', "\n".join(list(lines)[2:]))
