"""An operator looks at the portal as the customer sees it: by the admin's sign-in, and each opening is written down."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from auditlog.models import LogEntry
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from invoicing.models import Invoice
from organisations.models import Membership, Notification, Organisation, PortalLink
from payments.customer.portal.urls import OF_A_LOOK, urlpatterns
from payments.models import Payment
from tests import factories
from tests.admin.conftest import signed_in
from tests.architecture.test_fresh_tables import contents
from tests.payments.language import issued_invoice
from tests.payments.test_portal import PAGES, inside, made, paid

EVERYTHING = (*PAGES, "portal_requests", "portal_details", "portal_certificate")


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def address(customer: Organisation, name: str = "portal", **more: Any) -> str:
    return reverse(f"payments:{name}", kwargs={"customer_id": customer.pk, **more})


def looking(person: Any, customer: Organisation) -> Client:
    """The browser of somebody who has opened the portal from the customer's page."""
    client = signed_in(person)
    assert client.get(address(customer, "portal_look")).status_code == 302
    return client


def every_address(customer: Organisation, invoice: Invoice, payment: Payment, note_id: Any) -> dict[str, str]:
    """Of the way in and of each page that an onlooker can name, by its name."""
    ids = {"invoice_id": invoice.pk, "payment_id": payment.pk, "note_id": note_id}
    names = [(str(each.name), str(each.pattern)) for each in urlpatterns if str(each.pattern).startswith(OF_A_LOOK)]
    return {
        name: address(customer, name, **{part: ids[part] for part in re.findall(r"<uuid:(\w+)>", way) if part in ids})
        for name, way in names
    }


def looks(customer: Organisation) -> list[Any]:
    return list(LogEntry.objects.filter(object_pk=str(customer.pk), action=LogEntry.Action.ACCESS).order_by("pk"))


@pytest.mark.parametrize("role", Membership.Role.values)
def test_one_click_on_the_customers_page_opens_it_for_every_role(acme: Organisation, role: str) -> None:
    client = signed_in(factories.member("mira", acme, role))
    page = reverse("admin:organisations_organisation_change", args=[acme.pk])
    button = reverse("admin:organisations_organisation_action", args=[acme.pk, "view_as_customer"])
    assert button in client.get(page).content.decode()
    shown = client.get(button, follow=True)
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "You see what Acme sees." in text
    assert "Nothing can be done here." in text
    assert f'href="{page}"' in text
    assert "Your link is good until" not in text
    assert not PortalLink.objects.exists()
    assert not Notification.objects.exists()


def test_every_page_shows_what_the_customer_sees_and_changes_no_row(
    invoice: Invoice, acme: Organisation, viewer: Any
) -> None:
    payment = paid(issued_invoice(acme))
    client = looking(viewer, acme)
    pages = every_address(acme, invoice, payment, uuid4())
    del pages["portal_look"]
    before = contents()
    codes = {name: client.get(url).status_code for name, url in pages.items()}
    client.get(address(acme, "portal_archive"), {"invoice": str(invoice.pk)})
    for form in ("csv", "pdf"):
        list(client.get(address(acme, "portal_statement"), {"format": form}))
    assert contents() == before
    refused = {"portal_pay": 403, "portal_credit_note": 404, "portal_archive": 400}
    assert codes == {name: refused.get(name, 200) for name in pages}


def test_the_pages_are_those_that_a_link_opens_but_for_the_band_and_what_can_be_done(
    invoice: Invoice, acme: Organisation, viewer: Any
) -> None:
    link = made(acme)
    client, customer = looking(viewer, acme), inside(link)

    def words(text: str) -> str:
        main = text[text.index("<main") : text.index("</main>")]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main))

    for name in EVERYTHING:
        theirs = customer.get(reverse(f"payments:{name}", kwargs={"link_id": link.link.pk})).content.decode()
        assert words(client.get(address(acme, name)).content.decode()) == words(theirs), name


def test_each_opening_is_written_down_once_and_no_link_is_used(acme: Organisation, viewer: Any) -> None:
    link = made(acme)
    client = looking(viewer, acme)
    for name in EVERYTHING:
        client.get(address(acme, name))
    [entry] = looks(acme)
    assert entry.actor == viewer
    assert entry.additional_data["reason"] == "Looked at the portal of Acme."
    client.get(address(acme, "portal_look"))
    assert len(looks(acme)) == 2
    assert PortalLink.objects.get(pk=link.link.pk).last_used_at is None


def test_a_page_past_the_door_leads_to_the_door(acme: Organisation, viewer: Any) -> None:
    client = signed_in(viewer)
    answer = client.get(address(acme, "portal_usage"))
    assert (answer.status_code, answer["Location"]) == (302, address(acme, "portal_look"))
    assert not looks(acme)
    client.get(address(acme, "portal_usage"), follow=True)
    assert len(looks(acme)) == 1
    client.cookies["portal_look"]["max-age"] = ""
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.get(address(acme)).status_code == 302


def test_nothing_can_be_sent_or_paid(invoice: Invoice, acme: Organisation, operator: Any) -> None:
    payment = paid(issued_invoice(acme))
    client = looking(operator, acme)
    before = contents()
    sent = {"text": "Why?", "subject": "email", "billing_email": "new@acme.example", "certificate_number": "ABC"}
    for name, url in every_address(acme, invoice, payment, uuid4()).items():
        for send in (client.post, client.put, client.delete):
            answer = send(url, sent) if send is client.post else send(url)
            assert answer.status_code == (405 if name == "portal_look" else 403), name
            assert name == "portal_look" or "Nothing was changed." in answer.content.decode()
    answer = client.get(address(acme, "portal_pay", invoice_id=invoice.pk))
    assert answer.status_code == 403
    assert "paying, asking and sending are for the customer" in answer.content.decode()
    assert contents() == before


def test_buttons_are_shown_and_lead_nowhere(invoice: Invoice, acme: Organisation, operator: Any) -> None:
    client = looking(operator, acme)
    overview = client.get(address(acme)).content.decode()
    assert "Pay ₹1,180.00" in overview
    assert '/pay"' not in overview
    for name in ("portal_details", "portal_certificate"):
        form = client.get(address(acme, name)).content.decode()
        assert '<fieldset class="bare" disabled>' in form
        assert "csrfmiddlewaretoken" not in form


def test_another_tenants_customer_is_not_found(acme: Organisation, operator: Any) -> None:
    """Not even with the cookie of one's own, moved to the other's address."""
    globex = factories.organisation("Globex")
    theirs = issued_invoice(globex)
    client = looking(operator, acme)
    client.cookies["portal_look"]["path"] = "/"
    for url in every_address(globex, theirs, paid(theirs), uuid4()).values():
        answer = client.get(url)
        assert answer.status_code == 404, url
        assert "Globex" not in answer.content.decode()
    assert client.get(address(acme, "portal_invoice", invoice_id=theirs.pk)).status_code == 404
    assert not looks(globex)
    assert signed_in(operator).get(address(acme, "portal").replace(str(acme.pk), str(uuid4()))).status_code == 404


def test_the_cookie_is_good_for_its_user_and_its_customer_only(
    acme: Organisation, globex: Organisation, admin_user: Any, viewer: Any
) -> None:
    client = looking(admin_user, acme)
    client.cookies["portal_look"]["path"] = "/"
    assert client.get(address(globex)).status_code == 302
    client.force_login(viewer)
    assert client.get(address(acme)).status_code == 302
    client.cookies["portal_look"] = client.cookies["portal_look"].value[:-1] + "x"
    assert client.get(address(acme)).status_code == 302


def test_a_reach_that_is_taken_away_shuts_the_pages_at_once(acme: Organisation, viewer: Any) -> None:
    client = looking(viewer, acme)
    Membership.objects.filter(user=viewer).delete()
    assert client.get(address(acme)).status_code == 404


def test_only_staff_looks(acme: Organisation, viewer: Any) -> None:
    """Whoever has a link of the portal is no operator; and who is not signed in learns nothing of a customer."""
    link = made(acme)
    browser = inside(link)
    browser.cookies["portal"]["path"] = "/"
    client = looking(viewer, acme)
    client.logout()
    kept = looking(viewer, acme)
    viewer.is_staff = False
    viewer.save()
    for each in (browser, client, kept, Client()):
        for name in ("portal", "portal_look", "portal_invoices"):
            answer = each.get(address(acme, name))
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("admin:login"))
    nobodys = Client().get(reverse("payments:portal", kwargs={"customer_id": uuid4()}))
    assert nobodys["Location"].startswith(reverse("admin:login"))


def test_a_look_opens_no_link(acme: Organisation, admin_user: Any) -> None:
    """Nor is whoever looks signed in as the customer anywhere else."""
    link = made(acme)
    client = looking(admin_user, acme)
    client.cookies["portal"] = client.cookies["portal_look"].value
    assert client.get(reverse("payments:portal", kwargs={"link_id": link.link.pk})).status_code == 403


def test_hostile_names_are_escaped(acme: Organisation, admin_user: Any) -> None:
    acme.name = acme.legal_name = "<script>alert(1)</script>"
    acme.save()
    text = looking(admin_user, acme).get(address(acme)).content.decode()
    assert "<script" not in text
    assert "You see what &lt;script&gt;alert(1)&lt;/script&gt; sees." in text


def test_pages_are_as_closed_as_the_customers(acme: Organisation, viewer: Any) -> None:
    client = looking(viewer, acme)
    cookie = client.cookies["portal_look"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (address(acme), True, "Lax")
    answer = client.get(address(acme))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self' 'sha256-")
