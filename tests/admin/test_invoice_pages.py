"""The pages of an invoice from draft to void: what each page shows, and what it asks before an action."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing import tasks
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from organisations.models import AuditEntry, Notification, Organisation, Project
from tests import factories
from tests.admin.bulk import confirmed
from tests.admin.test_confirm_pages import facts_of
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import OCTOBER, after_october, at, draft, issued, one_off, per_unit, price, used

ACME_MAIL = "accounts@acme.example"


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def page(client: Client, obj: Any) -> Any:
    meta = obj._meta
    return client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk]))


def test_an_invoice_of_many_lines_asks_no_more_than_one_of_a_few(acme: Organisation, as_operator: Client) -> None:
    line = {"description": "Onboarding", "quantity": "1", "unit_price": "100"}
    few, many = (drafting.create_one_off_draft(organisation=acme, lines=[line] * count) for count in (2, 12))
    asked = []
    for invoice in (few, few, many):  # the first warms what a platform has warm
        with CaptureQueriesContext(connection) as queries:
            assert page(as_operator, invoice).status_code == 200
        asked.append(len(queries))
    assert asked[1] == asked[2]


# --- finalizing -----------------------------------------------------------------------------------------------------


def test_finalize_says_whom_how_much_which_number_and_where_it_is_mailed(
    acme: Organisation, as_operator: Client
) -> None:
    facts = facts_of(as_operator.get(action_url(one_off(acme), "finalize")))
    # 100.00, and CGST and SGST of 9.00 each
    assert (facts["Customer"], facts["Total"], facts["Lines"]) == ("Acme", "₹118.00", "1")
    assert re.fullmatch(r"INV/\d\d-\d\d/000001", facts["Number, probably"])
    assert facts["E-mail to"] == ACME_MAIL


@pytest.mark.parametrize(("answer", "mails"), [("send", [[ACME_MAIL]]), ("hold", [])])
def test_who_finalizes_chooses_whether_it_is_mailed(
    answer: str, mails: list[list[str]], acme: Organisation, as_operator: Client
) -> None:
    invoice = one_off(acme)
    act(as_operator, action_url(invoice, "finalize"), e_mail=answer)
    tasks.deliver_invoice(str(invoice.pk))
    assert list(Notification.objects.values_list("recipients", flat=True)) == mails
    invoice.refresh_from_db()
    assert invoice.pdf_state == "ready"


def test_a_month_that_has_an_invoice_leads_to_it(acme: Organisation, project: Project, as_operator: Client) -> None:
    used(project, 5)
    per_unit("2")
    first = draft(acme)
    refused = act(as_operator, action_url(acme, "create_draft"), month=str(OCTOBER)).content.decode()
    assert "Acme has an invoice for October 2026 already." in refused
    assert f'href="{reverse("admin:invoicing_invoice_change", args=[first.pk])}">Open the invoice</a>' in refused


def test_what_is_not_billed_is_billed_past_only_on_purpose(
    acme: Organisation, project: Project, as_operator: Client
) -> None:
    per_unit("1")
    used(project, 100)
    used(project, 7, metric="exports", unit="file")
    invoice = draft(acme)
    url = action_url(invoice, "finalize")
    assert "No price covers exports: 7 file in 1 event are not billed." in text_of(as_operator.get(url))
    assert "Tick this to bill" in text_of(act(as_operator, url, e_mail="send"))
    invoice.refresh_from_db()
    assert invoice.is_draft
    act(as_operator, url, e_mail="send", bill_anyway="on")
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.FINALIZED


def test_a_running_month_says_from_when_it_can_be_finalized(
    acme: Organisation, project: Project, as_operator: Client
) -> None:
    per_unit("1")
    used(project, 100)
    with at("2026-10-20 10:00"):
        invoice = drafting.create_draft(organisation=acme, period=OCTOBER)
        client = factories.client("")
        client.force_login(as_operator.get(reverse("admin:index")).wsgi_request.user)
        asked = text_of(client.get(action_url(invoice, "finalize")))
    assert "runs until 31 Oct 2026 (Asia/Kolkata): the invoice can be finalized from 1 Nov 2026 on" in asked


def test_what_blocks_is_shown_with_the_page_to_mend_it_on(as_admin: Client) -> None:
    umbrella = factories.organisation(
        "Umbrella", gstin=factories.KARNATAKA_GSTIN, address_line1="", city="", postal_code=""
    )
    invoice = one_off(umbrella)
    mend = reverse("admin:organisations_organisation_change", args=[umbrella.pk])
    asked = as_admin.get(action_url(invoice, "finalize")).content.decode()
    assert "Rule 46 (d)" in asked
    assert f'href="{mend}?next=' in asked.partition('id="action-form"')[2]
    umbrella.address_line1 = "1 Main Street"  # the draft still says that it is missing; what counts is today's record
    umbrella.save()
    assert "Rule 46 (d)" not in as_admin.get(action_url(invoice, "finalize")).content.decode()


# --- discarding, sending, voiding -----------------------------------------------------------------------------------


def test_an_operator_discards_a_draft_and_it_is_written_down(acme: Organisation, as_operator: Client) -> None:
    invoice = one_off(acme)
    said = act(as_operator, action_url(invoice, "discard"))
    assert "Draft for one-off work was discarded" in text_of(said)
    assert not Invoice.objects.exists()
    assert AuditEntry.objects.filter(object_pk=str(invoice.pk), action=AuditEntry.Action.DELETE).exists()


def test_void_is_for_documents_and_discard_for_drafts(acme: Organisation, as_acme_admin: Client) -> None:
    invoice = one_off(acme)
    shown = page(as_acme_admin, invoice).content.decode()
    assert (action_url(invoice, "void") in shown, action_url(invoice, "discard") in shown) == (False, True)
    issuing.finalize_invoice(invoice_id=invoice.pk)
    shown = page(as_acme_admin, invoice).content.decode()
    assert (action_url(invoice, "void") in shown, action_url(invoice, "discard") in shown) == (True, False)


def test_void_says_who_has_the_invoice_and_what_becomes_of_its_month(
    acme: Organisation, project: Project, as_acme_admin: Client
) -> None:
    per_unit("1")
    used(project, 100)
    invoice = issued(acme)
    unsent = facts_of(as_acme_admin.get(action_url(invoice, "void")))
    assert (unsent["Sent to"], unsent["Cancellation"]) == ("nobody", "no e-mail: nobody was sent the invoice")
    with after_october():
        tasks.deliver_invoice(str(invoice.pk))
    facts = facts_of(as_acme_admin.get(action_url(invoice, "void")))
    assert (facts["Total"], facts["Sent to"]) == ("₹118.00", ACME_MAIL)
    assert "October 2026 is without an invoice" in unsent["Its month"]
    assert not {"Cancellation", "Its month"} & {*facts}  # it can't be voided any more, so nothing becomes of them


def test_an_invoice_is_sent_again_to_an_address_that_was_corrected(acme: Organisation, as_operator: Client) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    tasks.deliver_invoice(str(invoice.pk))
    url = action_url(invoice, "send")
    assert f'value="{ACME_MAIL}"' in as_operator.get(url).content.decode()
    refused = act(as_operator, url, to="right@acme.example, wrong")
    assert "wrong" in text_of(refused)
    act(as_operator, url, to="right@acme.example, cfo@acme.example")
    sent = [note.recipients for note in Notification.objects.order_by("created_at")]
    assert sent == [[ACME_MAIL], ["right@acme.example", "cfo@acme.example"]]
    shown = text_of(page(as_operator, invoice))
    assert "right@acme.example, cfo@acme.example" in shown
    assert action_url(invoice, "send") in page(as_operator, invoice).content.decode()


def test_ticked_drafts_are_finalized_together_and_the_others_left_alone(
    acme: Organisation, as_operator: Client
) -> None:
    drafts = [one_off(acme, "100.00"), one_off(acme, "200.00")]
    already = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    ticked = ",".join(str(invoice.pk) for invoice in [*drafts, already])
    url = reverse("admin:invoicing_invoice_list_action", args=["finalize_many"]) + f"?pk__in={ticked}"
    shown = text_of(as_operator.get(url))
    for told in ("Match 3", "Would be done 2", "In all ₹354.00", "1: It is no draft."):  # 118.00 + 236.00
        assert told in shown
    confirmed(as_operator, url)
    assert Invoice.objects.filter(status=Invoice.Status.FINALIZED).count() == 3


# --- what the pages show ----------------------------------------------------------------------------------------------


def test_the_page_says_nothing_of_what_did_not_happen(acme: Organisation, as_operator: Client) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    shown = text_of(page(as_operator, invoice))
    for noise in ("PDF failed", "Voided", "To check", "Is sez", "Gstin", "Bank ifsc"):
        assert noise not in shown
    assert "GSTIN" in shown
    assert f"/pay/{invoice.public_token}" in shown


@pytest.fixture
def tiered(acme: Organisation, project: Project) -> Invoice:
    """1,600 calls: 1,000 at 1.00 and 600 at 0.50."""
    price({"model": "graduated", "tiers": [{"up_to": "1000", "unit_price": "1"}, {"up_to": None, "unit_price": "0.5"}]})
    used(project, 600)
    used(project, 1000, on="2026-10-11")
    return issued(acme)


def test_the_line_is_a_plain_link_and_shows_the_price_of_each_tier(tiered: Invoice, as_viewer: Client) -> None:
    line = tiered.lines.get()
    shown = page(as_viewer, tiered).content.decode()
    url = reverse("admin:invoicing_invoiceline_change", args=[line.pk])
    assert re.search(rf'<a[^>]*href="{url}[^"]*"[^>]*>\s*{re.escape(line.description)}', shown)
    assert "1,000 × ₹1.00" in shown
    assert "600 × ₹0.50" in shown


def test_the_lines_page_shows_the_working_first_and_ends_with_the_line(tiered: Invoice, as_viewer: Client) -> None:
    shown = page(as_viewer, tiered.lines.get())
    table = shown.content.decode().partition("<table")[2].partition("</table>")[0]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r'<td class="number">(.*?)</td>', table)]
    # 1,000 x 1.00 = 1,000.00; 600 x 0.50 = 300.00; together 1,300.00; all of it by one project
    assert [cells[i : i + 4] for i in range(0, len(cells), 4)] == [
        ["1,000", "₹1.00", "–", "₹1,000.00"],
        ["600", "₹0.50", "–", "₹300.00"],
        ["1,600", "–", "–", "–"],
        ["", "", "", "₹1,300.00"],
    ]


def test_the_line_leads_to_exactly_the_events_that_it_bills(
    tiered: Invoice, project: Project, as_viewer: Client
) -> None:
    used(project, 5, on="2026-11-05", happened="2026-10-20T06:00:00Z")  # late: another invoice bills it
    shown = page(as_viewer, tiered.lines.get()).content.decode()
    found = re.search(r'href="([^"]+)">The 2 events</a>', shown)
    assert found
    listed = as_viewer.get(found[1].replace("&amp;", "&")).context["cl"].result_list
    assert sorted(int(event.quantity) for event in listed) == [600, 1000]
    explorer = re.search(r'href="([^"]+)">Usage of this metric', shown)
    assert explorer
    assert "1,605" in text_of(as_viewer.get(explorer[1].replace("&amp;", "&")))
