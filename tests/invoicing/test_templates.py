"""Templates: drafts and releases, which one a document is issued with, and that it keeps it for ever."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from billing_platform.lib.colours import contrast, readable_on
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.computing.credit_notes import Wanted
from invoicing.documents import InvoiceDocument, Stage, Standing
from invoicing.documents.html import Source, built_in, render_page
from invoicing.documents.samples import CREDIT_NOTE, INVOICE
from invoicing.documents.template_engine import TemplateRefused
from invoicing.models import Invoice, InvoiceTemplate, InvoiceTemplateVersion
from invoicing.selectors.documents import invoice_document
from invoicing.services import issuing, stored_pdfs, templates
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.tasks import deliver_credit_note, deliver_invoice
from organisations.models import Notification, Organisation
from tests import factories
from tests.invoicing.language import one_off
from tests.invoicing.test_documents import PIXEL, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


def in_use(name: str = "Ours", **content: Any) -> InvoiceTemplate:
    template = templates.create_template(name=name, **content)
    templates.release_template(template_id=template.pk)
    return templates.use_template(template_id=template.pk)


def issue(organisation: Organisation) -> Invoice:
    return issuing.finalize_invoice(invoice_id=one_off(organisation).pk)


def page(invoice: Invoice) -> Any:
    return Client().get(reverse("payments:document", kwargs={"token": invoice.public_token}))


def test_a_document_keeps_the_look_that_it_was_issued_with(acme: Organisation) -> None:
    template = in_use(
        colour="#0b7a4b", footer="Thank you", html="<h1>First {{ document.number }}</h1>", notes="Be well"
    )
    first = issue(acme)
    templates.change_template(template_id=template.pk, html="<h1>Second</h1>", footer="Bye", notes="")
    templates.release_template(template_id=template.pk)
    second = issue(acme)
    assert f"First {first.number}" in page(first).content.decode()
    assert "Second" in page(second).content.decode()
    shown = text_of(stored_pdfs.read_pdf(first)[1])
    assert "Thank you" in shown
    assert "Be well" in shown
    assert "Bye" in text_of(stored_pdfs.read_pdf(second)[1])


def test_the_nearest_template_in_use_counts(acme: Organisation) -> None:
    other = factories.organisation(
        "Other",
        billing_entity=factories.billing_entity(
            name="Other seller", is_default=False, invoice_prefix="OTH", credit_note_prefix="OCN"
        ),
    )
    in_use("All", footer="every seller")
    in_use("Seller", footer="the seller", billing_entity=acme.billing_entity)
    assert invoice_document(issue(acme)).look.footer == "the seller"
    assert invoice_document(issue(other)).look.footer == "every seller"
    own = in_use("Own", footer="the customer", organisation=acme)
    assert invoice_document(issue(acme)).look.footer == "the customer"
    templates.stop_using_template(template_id=own.pk)
    assert invoice_document(issue(acme)).look.footer == "the seller"


def test_only_one_template_is_in_use(acme: Organisation) -> None:
    first, second = in_use("First"), in_use("Second")
    first.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)
    first.is_default = True
    with pytest.raises(DatabaseError), transaction.atomic():
        first.save()


def test_what_is_released_never_changes() -> None:
    template = in_use(footer="as released")
    version = template.released
    assert version is not None
    for change in ({"footer": "x"}, {"html": "x"}, {"released_at": None}):
        with pytest.raises(DatabaseError), transaction.atomic():
            InvoiceTemplateVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        InvoiceTemplateVersion.objects.filter(pk=version.pk).delete()
    with pytest.raises(DomainError) as refused:
        templates.delete_template(template_id=template.pk)
    assert refused.value.code == "TEMPLATE_RELEASED"


def test_a_template_uses_only_its_own_released_version() -> None:
    template, other = templates.create_template(name="A"), in_use("B")
    for version in (template.draft, other.released):
        with pytest.raises(DatabaseError), transaction.atomic():
            InvoiceTemplate.objects.filter(pk=template.pk).update(released=version)
    with pytest.raises(DomainError) as refused:
        templates.use_template(template_id=template.pk)
    assert refused.value.code == "TEMPLATE_NOT_RELEASED"


def test_a_draft_is_changed_discarded_and_deleted() -> None:
    template = templates.create_template(name="A", footer="one")
    templates.change_template(template_id=template.pk, footer="two")
    assert template.versions.count() == 1
    with pytest.raises(DomainError):
        templates.discard_draft(template_id=template.pk)
    templates.release_template(template_id=template.pk)
    templates.change_template(template_id=template.pk, footer="two")  # as it is: no draft
    with pytest.raises(DomainError) as refused:
        templates.release_template(template_id=template.pk)
    assert refused.value.code == "TEMPLATE_HAS_NO_DRAFT"
    templates.change_template(template_id=template.pk, footer="three")
    assert template.newest.number == 2
    templates.discard_draft(template_id=template.pk)
    assert template.newest.footer == "two"
    unreleased = templates.create_template(name="B")
    templates.delete_template(template_id=unreleased.pk)
    assert not InvoiceTemplate.objects.filter(name="B").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"html": "<p>\n{{ custmer.name }}</p>"}, "Line 2: There is no “custmer”. Did you mean “customer”?"),
        ({"html": "{{ customer.nme }}"}, "Line 1: There is no “nme”. Did you mean “name”?"),
        ({"html": "{% if medium == 'email' %}{{ oops }}{% endif %}"}, "There is no “oops”"),
        ({"html": "{% if document.is_credit_note %}{{ oops }}{% endif %}"}, "There is no “oops”"),
        ({"html": "{% for line in lines %}"}, "Unexpected end of template"),
        ({"css": "p { color: red }\np { background: url(x) }"}, "Line 2: CSS can't have url()"),
    ],
)
def test_a_template_with_an_error_is_not_released(content: dict[str, Any], says: str) -> None:
    template = templates.create_template(name="A", **content)
    with pytest.raises(InvalidInput) as refused:
        templates.release_template(template_id=template.pk)
    assert says in refused.value.message


@pytest.mark.parametrize("colour", ["#ff00", "red", "#12345g"])
def test_a_colour_is_checked(colour: str) -> None:
    with pytest.raises(ValidationError) as refused:
        templates.create_template(name="A", colour=colour)
    assert "colour" in refused.value.message_dict


def test_words_can_be_read_on_every_colour() -> None:
    shades = [f"{shade:02x}" for shade in range(0, 256, 15)]
    colours = [f"#{red}{green}{blue}" for red, green, blue in product(shades, repeat=3)]
    assert min(contrast(readable_on(colour), colour) for colour in colours) > 4


def test_a_template_is_for_a_customer_or_a_seller(acme: Organisation) -> None:
    with pytest.raises(ValidationError) as refused:
        templates.create_template(name="A", organisation=acme, billing_entity=acme.billing_entity)
    assert "billing_entity" in refused.value.message_dict


def test_labels_stand_in_hindi_too(acme: Organisation) -> None:
    in_use(language="en+hi")
    invoice = issue(acme)
    assert "Place of supply / आपूर्ति का स्थान" in page(invoice).content.decode()
    assert "Tax Invoice / कर बीजक" in page(invoice).content.decode()
    assert "TAX INVOICE" in text_of(stored_pdfs.read_pdf(invoice)[1])


def test_the_logo_of_the_template_is_the_documents(acme: Organisation) -> None:
    in_use(logo=ContentFile(PIXEL, "logo.png"))
    invoice = issue(acme)
    assert invoice_document(invoice).logo.startswith("logos/")
    assert 'src="data:image/png;base64,' in page(invoice).content.decode()


def test_the_email_has_the_templates_body(acme: Organisation, django_capture_on_commit_callbacks: Any) -> None:
    in_use(html="<p>{{ medium }}: {{ customer.name }} owes {{ standing.due }}</p>")
    acme.legal_name = "A & {{ 7*7 }}"
    acme.save()
    invoice = issue(acme)
    deliver_invoice(str(invoice.pk))
    message = Notification.objects.get(kind="invoice_issued")
    assert "email: A &amp; {{ 7*7 }} owes ₹118.00" in message.html
    assert "Dear A & {{ 7*7 }}" in message.text


def test_a_template_that_fails_on_a_document_gives_way_to_the_built_in(acme: Organisation) -> None:
    in_use(html="<p>{% if document.currency == 'INR' and document.total == '₹118.00' %}{{ oops }}{% endif %}</p>")
    shown = page(issue(acme))
    assert shown.status_code == 200
    assert "Tax Invoice" in shown.content.decode()


def test_the_page_is_closed_off_and_leads_to_the_pdf(acme: Organisation) -> None:
    invoice = issue(acme)
    deliver_invoice(str(invoice.pk))
    shown = page(invoice)
    policy = shown["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert shown["X-Robots-Tag"] == "noindex"
    assert f"/pay/{invoice.public_token}/invoice.pdf" in shown.content.decode()
    assert page(Invoice(public_token="no-such-token")).status_code == 404
    assert Client().get(reverse("payments:document", kwargs={"token": one_off(acme).public_token})).status_code == 404


def test_a_credit_note_has_a_page_under_its_own_invoice_only(acme: Organisation) -> None:
    in_use(footer="Look of the invoice")
    invoice, other = issue(acme), issue(acme)
    note = issue_credit_note(
        invoice_id=invoice.pk, lines=[Wanted(1, amount=invoice.subtotal / 2)], why=Why("deficiency", "Too slow")
    )

    def shown(of: Invoice) -> Any:
        return Client().get(reverse("payments:credit_note", kwargs={"token": of.public_token, "note_id": note.pk}))

    first = shown(invoice).content.decode()
    assert note.number in first
    assert "Look of the invoice" in first
    assert "(PDF)" not in first  # it is not made yet
    assert shown(other).status_code == 404
    deliver_credit_note(str(note.pk))
    made = shown(invoice).content.decode()
    assert f"/pay/{invoice.public_token}/credit-notes/{note.pk}.pdf" in made
    assert "Download the credit note (PDF)" in made
    assert f"See invoice {invoice.number}" in made

    def file(of: Invoice) -> Any:
        named = {"token": of.public_token, "note_id": note.pk}
        return Client().get(reverse("payments:credit_note_pdf", kwargs=named))

    assert file(invoice).content.startswith(b"%PDF")
    assert file(other).status_code == 404
    pay = Client().get(reverse("payments:pay", kwargs={"token": invoice.public_token})).content.decode()
    assert f"credit-notes/{note.pk}" in pay
    assert f"{invoice.public_token}/document" in pay


@pytest.mark.parametrize("document", [INVOICE, CREDIT_NOTE], ids=["invoice", "credit-note"])
def test_the_built_in_template_is_one_that_a_person_could_have_written(document: InvoiceDocument) -> None:
    own = render_page(document, source=Source(built_in("html"), built_in("css")))
    assert own == render_page(document)
    for field in ("29AAACA1234A1ZG", "29AAGCB7383J1Z4", document.number, "998315", "29-Karnataka", "Rupees"):
        assert field in own


def test_a_page_names_no_quantity_where_no_line_has_one() -> None:
    bare = tuple(replace(line, quantity=None, unit_price=None) for line in INVOICE.lines)
    priced = replace(bare[0], quantity=Decimal(2), unit_price=Decimal(3))
    one = render_page(replace(INVOICE, lines=(priced, *bare)))
    assert one.count("UNIT PRICE") == 2  # the head of the column, and the one line on a phone
    assert "UNIT PRICE" not in render_page(replace(INVOICE, lines=bare))


def test_documents_of_before_have_the_built_in_look() -> None:
    content = INVOICE.to_json()
    del content["look"]
    assert InvoiceDocument.from_json(content) == INVOICE


def test_too_long_a_page_is_refused() -> None:
    many = replace(INVOICE, lines=INVOICE.lines * 300)
    html = "{% for line in lines %}" + "x" * 3000 + "{% endfor %}"
    with pytest.raises(TemplateRefused, match="characters"):
        render_page(many, source=Source(html=html))


def test_a_page_asks_for_what_is_left_to_pay() -> None:
    page = render_page(INVOICE, standing=Standing(Stage.PARTLY_PAID, due=Decimal(100), note="The rest came by bank."))
    asked = page.partition('<section class="pay">')[2].partition("</section>")[0]
    assert "₹100.00" in asked
    assert ">Total<" not in asked
    assert "₹100.00 of ₹24,315.00 is still due. The rest came by bank." in asked
