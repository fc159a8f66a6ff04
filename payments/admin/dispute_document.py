"""The files that speak against a dispute: on the dispute's page, and a page of each."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from billing_platform.lib.admin.base import ReadOnlyAdmin, ReadOnlyInline, link, object_action, object_page, short_time
from billing_platform.lib.http.downloads import file_response
from payments.models import DisputeDocument
from payments.services.disputes import evidence


def may_be_removed(document: DisputeDocument) -> bool:
    return not document.razorpay_document_id and document.dispute.can_be_answered


class Shown:
    """What both pages say of a file. Its content stays in the database."""

    @admin.display(description="Size", ordering="size")
    def how_large(self, document: DisputeDocument) -> str:
        return str(filesizeformat(document.size))

    @admin.display(description="At Razorpay", boolean=True)
    def was_sent(self, document: DisputeDocument) -> bool:
        return bool(document.razorpay_document_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DisputeDocument]:
        rows: QuerySet[DisputeDocument] = super().get_queryset(request).defer("content")  # type: ignore[misc]  # a mixin
        return rows


class DisputeDocumentInline(Shown, ReadOnlyInline):
    model = DisputeDocument
    fields = ("name", "proof", "how_large", "added", "was_sent")
    readonly_fields = fields
    added = short_time("created_at", "Added")


@admin.register(DisputeDocument)
class DisputeDocumentAdmin(Shown, ReadOnlyAdmin):
    empty_hint = "Files are added on the page of a dispute, and go to the payer's bank when it is contested."
    list_display = ("name", "dispute_link", "customer", "proof", "how_large", "added", "was_sent")
    list_on_a_phone = ("name", "dispute_link", "proof", "was_sent")
    list_filter = ("proof", "dispute__payment__organisation")
    list_select_related = ("dispute__payment__organisation",)
    search_fields = ("name", "dispute__razorpay_dispute_id")
    fields = (
        "name", "dispute_link", "customer", "proof", "content_type", "how_large", "added", "added_by",
        "razorpay_document_id",
    )  # fmt: skip
    readonly_fields = fields
    dispute_link = link("dispute")
    customer = link("dispute__payment__organisation", "Customer")
    added = short_time("created_at", "Added")

    @object_page(label="Download", permission="payments.view_disputedocument", icon="download")
    def download(self, request: HttpRequest, document: DisputeDocument) -> HttpResponse:
        return file_response(document.name, bytes(document.content), document.content_type)

    @object_action(
        label="Remove",
        permission="payments.answer_dispute",
        when=may_be_removed,
        confirm="The file is deleted here. It was not sent to Razorpay.",
        danger=True,
        icon="delete",
    )
    def remove(self, request: HttpRequest, document: DisputeDocument) -> HttpResponse:
        dispute = document.dispute_id
        evidence.remove_document(document_id=document.pk)
        return HttpResponseRedirect(reverse("admin:payments_dispute_change", args=[quote(str(dispute))]))
