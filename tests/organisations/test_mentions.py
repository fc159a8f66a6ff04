"""A note that speaks to a colleague: who is told, once, and who can't be named."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from organisations.models import CustomerNote, Membership, NoteMention, Notification, Organisation
from organisations.models.note_mention import names_in
from organisations.services.mentions import finish_mention, tell
from organisations.services.notes import write_note
from tests import factories
from tests.admin.conftest import signed_in

NOBODY = "No colleague who may see this customer is called @"


@pytest.fixture
def olga(acme: Organisation) -> Any:
    return factories.member("olga", acme, Membership.Role.OPERATOR)


@pytest.fixture
def mira(acme: Organisation) -> Any:
    """Only looks."""
    return factories.member("mira", acme, Membership.Role.VIEWER)


def about(customer: Organisation, text: str) -> CustomerNote:
    return write_note(organisation=customer, text=text, written_by="asha")


def told() -> list[list[str]]:
    return [mail.recipients for mail in Notification.objects.filter(kind="note_mention").order_by("created_at")]


def attention(person: Any) -> str:
    return signed_in(person).get("/admin/").content.decode()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@olga please call", ["olga"]),
        ("ask @olga, @mira. And @olga!", ["olga", "mira"]),
        ("(@olga)\n@mira: now", ["olga", "mira"]),
        ("write to meera@acme.example", []),
        ("5 kg @ 20 each", []),
        ("@olga@metrics.example knows", ["olga@metrics.example"]),
        ("@<script>alert(1)</script> @\" onload=x @'--", []),
    ],
)
def test_names_are_read_as_people_write_them(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_a_colleague_is_told_once_by_mail_and_on_the_dashboard_until_it_is_done(
    acme: Organisation, olga: Any, mira: Any
) -> None:
    note = about(acme, "@Olga asks Meera <b>today</b>; @olga tells @mira.")
    assert sorted(map(str, told())) == ["['mira@metrics.example']", "['olga@metrics.example']"]
    mail = Notification.objects.get(recipients=["olga@metrics.example"])
    assert mail.subject == "asha mentions you in a note about Acme"
    assert "&lt;b&gt;today&lt;/b&gt;" in mail.html
    assert reverse("admin:organisations_customernote_change", args=[note.pk]) in mail.text
    for each in note.mentions.all():
        tell(each)
    assert len(told()) == 2
    for person in (olga, mira):
        assert "note that mentions you" in attention(person)
    assert "mentions you" not in attention(factories.member("om", acme, Membership.Role.OPERATOR))
    finish_mention(note_id=note.pk, user=mira)
    assert "mentions you" not in attention(mira)
    assert "note that mentions you" in attention(olga)


def test_the_dashboard_names_the_mentioned_colleague_alone(acme: Organisation, olga: Any, mira: Any) -> None:
    about(acme, "@olga and @mira")
    lines = signed_in(olga).get("/admin/").context_data["dashboard"].waiting.billing  # type: ignore[attr-defined]
    [line] = [each for each in lines if each.kind == "note_mentions"]
    assert (line.count, line.owner, line.verb) == (1, "olga", "Read")
    listed = signed_in(olga).get(line.href)
    assert listed.context_data["cl"].result_list.count() == 1  # type: ignore[attr-defined]


def test_who_may_not_see_the_customer_can_not_be_named(acme: Organisation, globex: Organisation) -> None:
    """In the same words for each of them, and for who does not exist."""
    factories.member("grace", globex, Membership.Role.ADMIN)
    gone = factories.member("ines", acme, Membership.Role.OPERATOR)
    gone.is_active = False
    gone.save()
    outside = factories.member("carl", acme, Membership.Role.OPERATOR)
    outside.is_staff = False
    outside.save()
    get_user_model().objects.create_user("nils", "nils@metrics.example", "a-good-password", is_staff=True)
    for name in ("grace", "ines", "carl", "nils", "nobody"):
        with pytest.raises(InvalidInput) as refused:
            about(acme, f"Ask @{name}.")
        assert str(refused.value) == f"text: {NOBODY}{name}. To tell nobody, leave the @ out."
    assert not CustomerNote.objects.exists()
    assert told() == []


def test_who_reaches_every_customer_can_be_named(acme: Organisation, admin_user: Any) -> None:
    about(acme, "@admin")
    assert told() == [[admin_user.email]]


def test_the_form_refuses_a_name_at_its_field(acme: Organisation, olga: Any) -> None:
    client = signed_in(olga)
    url = reverse("admin:organisations_organisation_action", args=[acme.pk, "add_note"])
    once = client.get(url).context_data["form"]["once"].value()  # type: ignore[attr-defined]
    answer = client.post(url, {"once": once, "text": "@olgaa, call <i>them</i>"})
    assert answer.context_data["form"].errors["text"] == [f"{NOBODY}olgaa. To tell nobody, leave the @ out."]  # type: ignore[attr-defined]
    assert client.post(url, {"once": once, "text": "@olga, call <i>them</i>"}).status_code == 302
    assert told() == [["olga@metrics.example"]]


def test_a_name_is_a_chip_and_the_rest_is_escaped(acme: Organisation, olga: Any) -> None:
    note = about(acme, "@olga <script>alert(1)</script> & x@olga.example")
    text = signed_in(olga).get(reverse("admin:organisations_customernote_change", args=[note.pk])).content.decode()
    assert ">@olga</span></span>" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; x@olga.example" in text


def done(client: Client, note: CustomerNote) -> Any:
    url = reverse("admin:organisations_customernote_action", args=[note.pk, "finish_mention"])
    shown = client.get(url)
    if shown.status_code != 200:
        return shown
    return client.post(url, {"once": shown.context_data["form"]["once"].value()})  # type: ignore[attr-defined]


def test_each_marks_their_own_also_who_only_looks(acme: Organisation, olga: Any, mira: Any) -> None:
    note = about(acme, "@mira")
    done(signed_in(olga), note)
    assert NoteMention.objects.get().done_at is None
    done(signed_in(mira), note)
    assert NoteMention.objects.get().done_at is not None
    page = signed_in(olga).get(reverse("admin:organisations_customernote_change", args=[note.pk])).content.decode()
    assert "mira (done)" in page
    with pytest.raises(NotFound):
        finish_mention(note_id=note.pk, user=olga)
    with pytest.raises(DomainError) as refused:
        finish_mention(note_id=note.pk, user=mira)
    assert refused.value.code == "NOT_WAITING"


def test_a_mention_of_another_tenant_is_not_found(acme: Organisation, globex: Organisation, olga: Any) -> None:
    note = about(acme, "@olga")
    grace = signed_in(factories.member("grace", globex, Membership.Role.ADMIN))
    assert done(grace, note).status_code == 302
    assert NoteMention.objects.get().done_at is None
    assert not NoteMention.objects.for_organisations(get_user_model().objects.get(username="grace")).exists()


def test_who_loses_the_customer_is_no_longer_asked(acme: Organisation, olga: Any) -> None:
    about(acme, "@olga")
    Membership.objects.filter(user=olga).delete()
    assert "mentions you" not in attention(olga)


def test_whom_a_note_names_stays_as_it_was_written(acme: Organisation, olga: Any, mira: Any) -> None:
    """A note is never edited, so nobody is told anew; another note tells again."""
    note = about(acme, "@olga")
    with pytest.raises(Error), transaction.atomic():
        CustomerNote.objects.filter(pk=note.pk).update(text="@mira")
    with pytest.raises(Error), transaction.atomic():
        NoteMention.objects.update(user=mira)
    about(acme, "@olga again")
    assert told() == [["olga@metrics.example"]] * 2


def test_a_colleague_without_an_address_finds_it_on_the_dashboard(acme: Organisation, olga: Any) -> None:
    olga.email = ""
    olga.save()
    about(acme, "@olga")
    assert told() == []
    assert "note that mentions you" in attention(olga)
