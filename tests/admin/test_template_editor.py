"""The editor of templates: the document as the form has it, errors at their line, and what others may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from invoicing.models import InvoiceTemplate
from invoicing.services import issuing, templates
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import one_off
from tests.invoicing.test_documents import PIXEL, text_of

pytestmark = pytest.mark.django_db

FORM = {"font": "sans", "language": "en", "shows_bank": "on"}  # without a name, as when a template is begun
PREVIEW = "admin:invoicing_invoicetemplate_preview"


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def preview(client: Client, query: str = "", status: int = 200, **typed: Any) -> Any:
    answer = client.post(f"{reverse(PREVIEW)}?{query}", {**FORM, **typed})
    assert answer.status_code == status
    return answer


def shown(client: Client, query: str = "", **typed: Any) -> str:
    return str(preview(client, query, **typed).content.decode())


def test_the_preview_is_what_is_typed_in_a_frame_that_may_do_nothing(as_admin: Client, acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    html = "<p>{{ document.number }} as {{ medium }}</p>"
    assert '<iframe class="page" sandbox=""' in shown(as_admin, html=html)
    assert "INV/26-27/000123 as page" in shown(as_admin, html=html)
    assert f"{invoice.number} as email" in shown(as_admin, html=html, shown_document=str(invoice.pk), shown_as="email")
    assert "Dear Sample" in shown(as_admin, shown_as="email")  # the built-in e-mail, as it is sent
    assert not InvoiceTemplate.objects.exists()


def test_an_error_says_where_in_the_form_it_is(as_admin: Client) -> None:
    html = shown(as_admin, html="<p>\n{{ custmer.name }}")
    assert '<li data-field="html" data-line="2">HTML, line 2: There is no “custmer”' in html
    assert '<li data-field="css" data-line="1">CSS, line 1' in shown(as_admin, css="p { width: url(x) }")
    assert '<li data-field="colour"' in shown(as_admin, colour="#12")


def test_a_logo_is_shown_before_it_is_stored(as_admin: Client) -> None:
    picture = SimpleUploadedFile("x.png", PIXEL, "image/png")
    assert "data:image/png;base64," in shown(as_admin, logo=picture)
    assert "Take a PNG or JPEG" in shown(as_admin, logo=SimpleUploadedFile("x.png", b"<svg/>", "image/png"))


def test_the_pdf_is_of_what_is_typed_too(as_admin: Client) -> None:
    answer = preview(as_admin, "format=pdf", footer="Only typed")
    assert answer["Content-Type"] == "application/pdf"
    assert "Only typed" in text_of(answer.content)


def test_who_may_only_look_sees_what_is_stored(as_viewer: Client, as_acme_admin: Client, acme: Organisation) -> None:
    template = templates.create_template(name="Ours", footer="Stored", organisation=acme)
    assert "Stored" in shown(as_viewer, f"of={template.pk}", footer="Typed")
    page = as_viewer.get(reverse("admin:invoicing_invoicetemplate_change", args=[template.pk])).content.decode()
    assert "template-preview" in page
    assert 'name="footer"' not in page
    preview(as_viewer, status=403)


def test_another_tenants_documents_can_not_be_shown(as_acme_admin: Client) -> None:
    other = factories.organisation("Other")
    theirs = issuing.finalize_invoice(invoice_id=one_off(other).pk)
    assert '<li data-field="shown_document"' in shown(as_acme_admin, shown_document=str(theirs.pk))
    foreign = templates.create_template(name="Theirs", organisation=other)
    preview(as_acme_admin, f"of={foreign.pk}", status=404)
