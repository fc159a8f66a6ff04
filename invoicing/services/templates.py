"""Templates of documents: write a draft, try it, release it, use it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.documents import InvoiceDocument, render_pdf
from invoicing.documents.cleaning import css_problems
from invoicing.documents.html import check_source, picture_within, render_page
from invoicing.documents.html_values import Medium
from invoicing.documents.samples import CREDIT_NOTE, INVOICE
from invoicing.documents.template_engine import TemplateRefused
from invoicing.emails import built_in_body
from invoicing.models import InvoiceTemplate, InvoiceTemplateVersion
from invoicing.services import stored_pdfs
from invoicing.services.snapshots import dressed
from organisations import logos
from organisations.models import BillingEntity, Organisation


@transaction.atomic
def create_template(
    *,
    name: str,
    organisation: Organisation | None = None,
    billing_entity: BillingEntity | None = None,
    **content: Any,
) -> InvoiceTemplate:
    """A template with its first draft: for one customer, for one seller, or (without both) for every seller.

    `content` are columns of InvoiceTemplateVersion. Raises ValidationError with the name of the field.
    """
    template = InvoiceTemplate(name=name, organisation=organisation, billing_entity=billing_entity)
    template.full_clean()
    template.save()
    _save(InvoiceTemplateVersion(template=template, number=1), content)
    return template


@transaction.atomic
def change_template(*, template_id: UUID, name: str | None = None, **content: Any) -> InvoiceTemplate:
    """Rename a template, or change its draft; a draft begins as the released version is. What is released stays.

    Raises ValidationError with the name of the field.
    """
    template = _locked(template_id)
    if name is not None and name != template.name:
        template.name = name
        template.full_clean()
        template.save()
    newest = template.newest
    if {field: value for field, value in content.items() if getattr(newest, field) != value}:
        draft = template.draft
        if draft is None:
            draft = InvoiceTemplateVersion(template=template, number=newest.number + 1, **newest.content)
        _save(draft, content)
    return template


@transaction.atomic
def discard_draft(*, template_id: UUID) -> InvoiceTemplate:
    """Go back to what is released. Raises DomainError TEMPLATE_HAS_NO_DRAFT or TEMPLATE_NOT_RELEASED."""
    template = _locked(template_id)
    draft = _draft_of(template)
    if template.released is None:
        raise DomainError("Nothing is released that it could go back to.", code="TEMPLATE_NOT_RELEASED")
    draft.delete()
    return template


@transaction.atomic
def release_template(*, template_id: UUID) -> InvoiceTemplate:
    """Release the draft: it never changes again. Where the template is in use, the next documents are issued with it.

    It is tried on an invoice and a credit note before, as page, e-mail and PDF: raises InvalidInput with line and
    reason where it fails, and DomainError TEMPLATE_HAS_NO_DRAFT.
    """
    template = _locked(template_id)
    draft = _draft_of(template)
    check_version(draft)
    draft.released_at = clock.now()
    draft.save()
    template.released = draft
    template.save()
    return template


@transaction.atomic
def use_template(*, template_id: UUID) -> InvoiceTemplate:
    """Issue the next documents of its customer, its seller or every seller with it, in place of the one used till now.

    Raises DomainError TEMPLATE_NOT_RELEASED.
    """
    template = _locked(template_id)
    if template.released is None:
        raise DomainError("Release the template before it is used.", code="TEMPLATE_NOT_RELEASED")
    others = InvoiceTemplate.objects.select_for_update().filter(
        organisation=template.organisation, billing_entity=template.billing_entity, is_default=True
    )
    for other in others.exclude(pk=template.pk):
        other.is_default = False
        other.save()
    template.is_default = True
    template.save()
    return template


@transaction.atomic
def stop_using_template(*, template_id: UUID) -> InvoiceTemplate:
    """Issue the next documents with what holds otherwise: the seller's template, every seller's, or the built-in."""
    template = _locked(template_id)
    template.is_default = False
    template.save()
    return template


@transaction.atomic
def delete_template(*, template_id: UUID) -> None:
    """Delete a template that was never released. Raises DomainError TEMPLATE_RELEASED: documents may name it."""
    template = _locked(template_id)
    if template.released is not None:
        raise DomainError(
            "It was released, and documents may have been issued with it: stop using it instead.",
            code="TEMPLATE_RELEASED",
        )
    template.delete()


def preview(
    version: InvoiceTemplateVersion, document: InvoiceDocument = INVOICE, *, medium: Medium = Medium.PAGE
) -> str:
    """What a version, stored or not, makes of a document as HTML, as it was issued. Raises TemplateRefused."""
    shown = dressed(document, version.as_fact())
    logo = picture_within(_logo(version, shown))
    if medium == Medium.EMAIL and not version.html:
        return built_in_body(shown, logo=logo)
    return render_page(shown, source=version.source, medium=medium, logo=logo)


def preview_pdf(version: InvoiceTemplateVersion, document: InvoiceDocument = INVOICE) -> bytes:
    """The same as PDF."""
    shown = dressed(document, version.as_fact())
    return render_pdf(shown, logo=_logo(version, shown))


def _logo(version: InvoiceTemplateVersion, document: InvoiceDocument) -> bytes | None:
    """The document's picture. One that was chosen in a form, but is not stored, has no name in the storage yet."""
    typed: Any = version.logo
    if not typed or typed._committed:
        return stored_pdfs.read_logo(document.logo)
    typed.seek(0)
    return logos.cleaned(typed.read())[1]


def check_version(version: InvoiceTemplateVersion) -> None:
    """Try a version on samples. Raises InvalidInput with the field, the line and the reason."""
    if problems := [f"Line {each.line}: {each.message}" for each in css_problems(version.css)]:
        raise InvalidInput(f"CSS: {problems[0]}", details={"css": problems})
    try:
        check_source(version.source)
        for document in (INVOICE, CREDIT_NOTE):
            preview_pdf(version, document)
            for medium in Medium:
                preview(version, document, medium=medium)
    except TemplateRefused as error:
        raise InvalidInput.field(error.field, error.in_words) from None


def _save(draft: InvoiceTemplateVersion, content: dict[str, Any]) -> None:
    unknown = set(content) - set(InvoiceTemplateVersion.content_fields())
    if unknown:
        raise TypeError(f"A version has no {', '.join(sorted(unknown))}.")
    for name, value in content.items():
        setattr(draft, name, value)
    draft.full_clean()
    draft.save()


def _draft_of(template: InvoiceTemplate) -> InvoiceTemplateVersion:
    draft = template.draft
    if draft is None:
        raise DomainError("There is no draft: what is released was not changed.", code="TEMPLATE_HAS_NO_DRAFT")
    return draft


def _locked(template_id: UUID) -> InvoiceTemplate:
    template: InvoiceTemplate | None = (
        InvoiceTemplate.objects.select_for_update(of=("self",))
        .select_related("released", "organisation", "billing_entity")
        .filter(pk=template_id)
        .first()
    )
    if template is None:
        raise NotFound("There is no such invoice template.")
    return template
