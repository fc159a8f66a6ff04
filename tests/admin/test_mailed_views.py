"""A saved view by e-mail: what its owner may see at that time, and nothing when it would not be right."""

from __future__ import annotations

import csv
import email
import email.policy
import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test.client import Client
from django.urls import reverse
from openpyxl import load_workbook

from billing_platform.backoffice import mailed_views
from billing_platform.backoffice.mailed_views import Wanted, make
from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import sidebar_items
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import AuditEntry, MailedView, Membership, Notification, Organisation, SavedView
from organisations.notifications.email import send_notification
from organisations.notifications.sending_again import resend
from organisations.notifications.suppressing import suppress
from organisations.services.mailed_views import (
    change_mailed_view,
    mail_view_to_owner,
    mailed_views_for,
    pause,
    resume,
    send_now,
)
from tests import factories
from tests.admin.conftest import signed_in
from tests.architecture.tenants import run_of_both, tenant
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db
CUSTOMERS = "organisations.organisation"
LIST = "/admin/organisations/mailedview/"


def mailed(
    owner: Any, *, list_of: str = CUSTOMERS, query: str = "", name: str = "Customers", **when: Any
) -> MailedView:
    view = SavedView.objects.create(owner=owner, list_of=list_of, name=name, query=query)
    return mail_view_to_owner(user=owner, view=view, **when)


def run(mailing: MailedView) -> Notification | None:
    """A worker mails it now; what it wrote."""
    send_now(mailed_id=mailing.pk)
    known = set(Notification.objects.values_list("pk", flat=True))
    mailed_views.mail_view(mailed_id=mailing.pk)
    mailing.refresh_from_db()
    return Notification.objects.exclude(pk__in=known).filter(kind="mailed_view").first()


def file_of(mailbox: Mailbox, written: Notification | None) -> tuple[str, bytes]:
    """What the mail server got."""
    assert written is not None
    assert send_notification(notification_id=written.pk)
    got: Any = mailbox.messages[-1]
    message = email.message_from_bytes(got.content, policy=email.policy.default)
    (part,) = message.iter_attachments()  # type: ignore[attr-defined]  # of this policy
    return part.get_filename(), part.get_payload(decode=True)


def exported(person: Any, model: str, query: str = "") -> bytes:
    address = reverse(f"admin:{model.replace('.', '_')}_list_export")
    return b"".join(signed_in(person).get(f"{address}?{query}").streaming_content)  # type: ignore[arg-type]


def names_in(content: bytes) -> set[str]:
    head, *rows = csv.reader(io.StringIO(content.decode()))
    return {row[head.index("Name")] for row in rows}


# --- what is mailed ---------------------------------------------------------------------------------------------------


def test_the_file_is_what_its_owner_would_export(mailbox: Mailbox, admin_user: Any, acme: Organisation) -> None:
    factories.organisation("=2+2", billing_email="pay@initech.example")
    query = "currency__exact=INR&columns=name,gstin&o=-1"
    written = run(mailed(admin_user, query=query))

    assert written is not None
    assert written.recipients == [admin_user.email]
    assert "Rows: 2" in written.text
    assert "because you have this view mailed to you every day" in written.text
    assert f"/admin/organisations/mailedview/{MailedView.objects.get().pk}/change/" in written.text
    name, content = file_of(mailbox, written)
    assert name == "customers.csv"
    assert content == exported(admin_user, CUSTOMERS, query)
    assert b"'=2+2" in content


def test_every_list_of_the_sidebar_can_be_mailed_and_a_spreadsheet_has_numbers(mailbox: Mailbox) -> None:
    run_of_both(tenant("Acmeqq"), tenant("Zyzxqq"))
    root = get_user_model().objects.create_superuser("root", "root@metrics.example", "a-good-password")
    for model in {item.model for item in sidebar_items()} - {MailedView}:
        label = model._meta.label_lower
        shown = exported(root, label)  # first: it signs in, which a column of the users tells
        assert make(Wanted(root.pk, root.email, label, "", "csv")).content == shown, label

    name, content = file_of(mailbox, run(mailed(root, list_of="invoicing.invoice", file_format="xlsx")))
    assert name == "invoices.xlsx"
    head, *rows = load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)  # type: ignore[union-attr]
    assert len(rows) == len(exported(root, "invoicing.invoice").splitlines()) - 1
    assert {type(row[head.index("Total")]) for row in rows} <= {int, float}


def test_of_two_tenants_each_gets_its_own_rows(mailbox: Mailbox, acme: Organisation, globex: Organisation) -> None:
    ours = factories.member("olga", acme, Membership.Role.OPERATOR)
    theirs = factories.member("om", globex, Membership.Role.VIEWER)
    for person, name in ((ours, "Acme"), (theirs, "Globex")):
        assert names_in(file_of(mailbox, run(mailed(person)))[1]) == {name}

    # a view that names somebody else's customer finds nothing
    asked = mailed(ours, query=f"id__exact={globex.pk}", name="Theirs")
    written = run(asked)
    assert written is not None
    assert written.attachments == []
    assert asked.last_outcome == "empty"


def test_an_empty_list_is_told_without_a_file(admin_user: Any) -> None:
    mailing = mailed(admin_user)
    written = run(mailing)

    assert written is not None
    assert written.subject.endswith(": no rows")
    assert "no rows today" in written.text
    assert written.attachments == []
    assert (mailing.last_outcome, mailing.last_rows) == ("empty", 0)


@pytest.mark.parametrize("limit", ["MOST_ROWS", "LARGEST_FILE"])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_large_list_is_a_link(
    admin_user: Any, acme: Organisation, globex: Organisation, monkeypatch: Any, limit: str, file_format: str
) -> None:
    monkeypatch.setattr(mailed_views, limit, 1)
    mailing = mailed(admin_user, query="o=1", file_format=file_format)
    written = run(mailing)

    assert written is not None
    assert written.attachments == []
    assert "too large to be mailed" in written.text
    assert "/admin/organisations/organisation/?o=1" in written.text
    assert (mailing.last_outcome, mailing.last_rows, mailing.is_on) == ("too_large", None, True)


# --- rights -----------------------------------------------------------------------------------------------------------


def leaves(person: Any) -> None:
    person.is_active = False
    person.save()


def is_no_colleague(person: Any) -> None:
    person.is_staff = False
    person.save()


def has_no_address(person: Any) -> None:
    person.email = ""
    person.save()


def bounces(person: Any) -> None:
    suppress(person.email, reason="bounced", detail="550", notification=None)


def loses_all_roles(person: Any) -> None:
    Membership.objects.filter(user=person).delete()


def filters_by_what_is_gone(person: Any) -> None:
    SavedView.objects.filter(owner=person).update(query="no_such_field=1")


def filters_as_nobody_may(person: Any) -> None:
    SavedView.objects.filter(owner=person).update(query="projects__name=x")


def filters_by_nonsense(person: Any) -> None:
    SavedView.objects.filter(owner=person).update(query="id__exact=no-id")


def keeps_a_list_that_is_gone(person: Any) -> None:
    SavedView.objects.filter(owner=person).update(list_of="organisations.fax")


@pytest.mark.parametrize(
    ("happens", "because"),
    [
        (leaves, "may not sign in any more"),
        (is_no_colleague, "may not sign in any more"),
        (has_no_address, "has no e-mail address"),
        (bounces, "Nothing is e-mailed to operator@metrics.example"),
        (loses_all_roles, "may not see this list any more"),
        (filters_by_what_is_gone, "knows the filters of this view no more"),
        (filters_as_nobody_may, "knows the filters of this view no more"),
        (filters_by_nonsense, "knows the filters of this view no more"),
        (keeps_a_list_that_is_gone, "is not there any more"),
    ],
)
def test_where_it_would_not_be_right_nothing_is_mailed_and_it_waits_for_a_person(
    operator: Any, as_admin: Client, happens: Any, because: str
) -> None:
    mailing = mailed(operator)
    happens(operator)

    assert run(mailing) is None
    assert mailing.is_stopped
    assert because in mailing.last_failure
    assert mailing.last_run_at is None
    assert mailed_views.mail_view(mailed_id=mailing.pk) is False  # nothing is tried by itself
    dashboard = as_admin.get("/admin/").content.decode()
    assert "list by e-mail stopped" in dashboard
    page = as_admin.get(f"{LIST}{mailing.pk}/change/").content.decode()
    assert "Try again" in page
    entries = AuditEntry.objects.filter(object_pk=mailing.pk)
    assert any("Stopped:" in str(entry.additional_data) for entry in entries)


def test_tried_again_it_goes_on_with_its_days(operator: Any, as_operator: Client, acme: Organisation) -> None:
    mailing = mailed(operator, query="no_such_field=1")
    run(mailing)
    SavedView.objects.update(query="")
    as_operator.post(f"{LIST}{mailing.pk}/actions/try_again/", once(as_operator, mailing, "try_again"))
    mailed_views.mail_view(mailed_id=mailing.pk)
    mailing.refresh_from_db()

    assert (mailing.last_outcome, mailing.last_rows, mailing.is_on) == ("sent", 1, True)
    assert mailing.next_attempt_at is not None
    assert mailing.next_attempt_at > clock.now()


def test_rights_that_are_taken_before_the_mail_server_takes_it_count(
    mailbox: Mailbox, operator: Any, acme: Organisation
) -> None:
    """A mail server that was away for an hour gets nothing that the reader may not see by now."""
    written = run(mailed(operator))
    assert written is not None
    loses_all_roles(operator)

    assert send_notification(notification_id=written.pk) is False
    written.refresh_from_db()
    assert "may not see this list any more" in written.last_failure
    assert mailbox.messages == []


def test_it_is_sent_again_to_its_reader_only(mailbox: Mailbox, operator: Any, acme: Organisation) -> None:
    written = run(mailed(operator))
    file_of(mailbox, written)
    assert written is not None

    with pytest.raises(InvalidInput, match=r"not sent to eve@elsewhere\.example"):
        resend(notification_id=written.pk, to=["eve@elsewhere.example"])
    again = resend(notification_id=written.pk, once_more=True)
    assert names_in(file_of(mailbox, again)[1]) == {"Acme"}

    operator.email = "other@metrics.example"  # whoever reads the old address now is somebody else
    operator.save()
    again = resend(notification_id=written.pk, once_more=True)
    assert send_notification(notification_id=again.pk) is False


# --- pages ------------------------------------------------------------------------------------------------------------


def once(person: Client, mailing: MailedView, action: str) -> dict[str, Any]:
    page = person.get(f"{LIST}{mailing.pk}/actions/{action}/")
    return {"once": page.context["form"]["once"].value()}


def test_from_saving_a_view_to_having_it_mailed(as_viewer: Client, viewer: Any) -> None:
    """Like the daily digest it is one's own: it takes no more than seeing the list."""
    sent = {"list_of": CUSTOMERS, "query": "currency__exact=INR", "name": "In rupees", "mail": "1"}
    form = as_viewer.post("/admin/views/save/", sent, follow=True)
    view = SavedView.objects.get()
    assert form.request["PATH_INFO"] == f"{LIST}add/"
    assert f'<option value="{view.pk}" selected>In rupees' in form.content.decode()

    when = {"frequency": "weekly", "weekday": "5", "day_of_month": "1", "hour": "7", "file_format": "xlsx"}
    as_viewer.post(f"{LIST}add/", {"view": str(view.pk), **when})
    mailing = MailedView.objects.get()
    assert (mailing.view, mailing.rhythm, mailing.hour) == (view, "Every week on Friday", 7)

    page = as_viewer.get("/admin/organisations/organisation/").content.decode()
    assert f'href="{LIST}{mailing.pk}/change/"' in page
    as_viewer.post(f"{LIST}{mailing.pk}/change/", {**when, "frequency": "monthly", "day_of_month": "28"})
    mailing.refresh_from_db()
    assert mailing.rhythm == "Every month on day 28"
    as_viewer.post(f"{LIST}{mailing.pk}/delete/", {"post": "yes"})
    assert not MailedView.objects.exists()
    assert SavedView.objects.exists()
    actions = AuditEntry.objects.filter(object_pk=mailing.pk).values_list("action", flat=True)
    assert set(actions) == {0, 1, 2}
    assert set(AuditEntry.objects.filter(object_pk=mailing.pk).values_list("actor", flat=True)) == {viewer.pk}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"day_of_month": "29"}, "day_of_month"), ({"hour": "24"}, "hour"), ({"weekday": "0"}, "weekday")],
)
def test_only_days_and_hours_of_the_calendar(as_viewer: Client, viewer: Any, wrong: dict[str, str], field: str) -> None:
    view = SavedView.objects.create(owner=viewer, list_of=CUSTOMERS, name="Mine")
    when = {"frequency": "monthly", "weekday": "5", "day_of_month": "1", "hour": "7", "file_format": "csv"}
    page = as_viewer.post(f"{LIST}add/", {"view": str(view.pk), **when, **wrong})
    assert field in page.context["adminform"].form.errors
    assert not MailedView.objects.exists()


def test_nobody_has_somebody_elses_view_mailed(as_operator: Client, operator: Any, viewer: Any) -> None:
    theirs = SavedView.objects.create(owner=viewer, list_of=CUSTOMERS, name="Theirs", is_shared=True)
    when = {"frequency": "daily", "weekday": "1", "day_of_month": "1", "hour": "7", "file_format": "csv"}
    page = as_operator.post(f"{LIST}add/", {"view": str(theirs.pk), **when})
    assert "view" in page.context["adminform"].form.errors
    with pytest.raises(InvalidInput, match="Only your own views"):
        mail_view_to_owner(user=operator, view=theirs)
    has_no_address(operator)
    own = SavedView.objects.create(owner=operator, list_of=CUSTOMERS, name="Own")
    with pytest.raises(InvalidInput, match="no e-mail address"):
        mail_view_to_owner(user=operator, view=own)


def test_colleagues_see_nothing_of_it_and_an_admin_of_all_pauses_it(
    as_operator: Client, as_acme_admin: Client, as_admin: Client, viewer: Any, admin_user: Any
) -> None:
    mailing = mailed(viewer, name="Secret name")
    for person in (as_operator, as_acme_admin):
        assert "Secret name" not in person.get(LIST).content.decode()
        for page in ("change/", "delete/", "actions/pause/"):
            assert person.get(f"{LIST}{mailing.pk}/{page}").status_code in (302, 404)
    assert list(mailed_views_for(admin_user)) == [mailing]

    as_admin.post(f"{LIST}{mailing.pk}/actions/pause/", once(as_admin, mailing, "pause"))
    mailing.refresh_from_db()
    assert mailing.is_paused
    with pytest.raises(DomainError, match="resume it first"):
        send_now(mailed_id=mailing.pk)
    with pytest.raises(DomainError, match="paused already"):
        pause(mailed_id=mailing.pk)
    change_mailed_view(mailed_id=mailing.pk, changes={"hour": 9})
    mailing.refresh_from_db()
    assert mailing.is_paused
    mine = signed_in(viewer)
    mine.post(f"{LIST}{mailing.pk}/actions/resume/", once(mine, mailing, "resume"))
    mailing.refresh_from_db()
    assert mailing.is_on
    with pytest.raises(DomainError, match="not paused"):
        resume(mailed_id=mailing.pk)
