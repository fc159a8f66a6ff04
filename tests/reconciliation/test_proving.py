"""Statements for people: commands, the file, stored PDFs, and the page of a day."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test.client import Client
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.services.stored_pdfs import store_pdf
from reconciliation.models import DailyStatement
from reconciliation.proof.signatures import public_key_of
from tests.reconciliation.language import tamper
from tests.reconciliation.proof_language import day, noon_of, sentences

pytestmark = pytest.mark.django_db


def test_the_commands_state_export_and_prove(days: Invoice, tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "statements.ndjson"
    call_command("export_statements", str(file))
    key = public_key_of(settings.PROOF_SIGNING_KEY)
    assert len(file.read_text().splitlines()) == 3
    said = StringIO()
    call_command("prove", "--organisation", "acme", "--file", str(file), "--public-key", key, stdout=said)
    assert said.getvalue() == "Proved: 3 statements, 3 entries of the ledger, 10 rows of documents.\n"
    tamper("UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'")
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("prove", "--from", f"{day(3)}", "--to", f"{day(2)}", stdout=said)
    assert ended.value.code == 1
    assert said.getvalue().startswith(f"It first differs on {day(3)}: Changed: event b (entry ")
    call_command("state_days", stdout=(said := StringIO()))
    assert said.getvalue() == "Every day that is over has its statement.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--period", "2026-13"], "month"),
        (["--from", "yesterday"], "2026-10-01"),
        (["--organisation", "nobody"], "no organisation"),
        (["--public-key", "abc"], "32 bytes in base64"),
        (["--from", "2020-01-01", "--to", "2020-01-31"], "no statement of these days"),
        (["--file", __file__], "Line 1 of the file is not a statement"),
        (["--file", "/no/such/file"], "/no/such/file can't be read: No such file"),
        (["--file", "/dev/null"], "holds no statement"),
        (["--file", "/bin/sh"], "Line 1 of the file is not a statement"),
    ],
)
def test_what_can_not_be_asked_is_said(days: Invoice, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("prove", *arguments)


def test_a_stored_pdf_that_was_changed_is_found_when_files_are_read(days: Invoice, own_media: None) -> None:
    with noon_of(2):
        stored = store_pdf(days)
    Invoice.objects.filter(pk=days.pk).update(pdf=stored.name, pdf_sha256=stored.sha256, pdf_state="ready")
    assert sentences(with_files=True) == []
    default_storage.delete(stored.name)
    default_storage.save(stored.name, ContentFile(b"another"))
    assert sentences(with_files=True) == [f"The stored PDF of {days.number} was changed."]


def test_the_page_of_a_day_proves_it(days: Invoice, admin_user: Any) -> None:
    client = Client()
    client.force_login(admin_user)
    statement = DailyStatement.objects.get(number=1)
    assert "Signed" in client.get(reverse("admin:reconciliation_dailystatement_changelist")).content.decode()
    url = reverse("admin:reconciliation_dailystatement_action", args=[statement.pk, "prove"])

    def pressed() -> str:
        once = client.get(url).context["form"]["once"].value()
        return str(client.post(url, {"once": once}, follow=True).content.decode())

    assert "Proved: 3 ledger entries" in pressed()
    tamper("UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'")
    assert "Changed: event b (entry" in pressed()
    export = client.get(reverse("admin:reconciliation_dailystatement_list_action", args=["export"]))
    assert len(export.content.splitlines()) == 3
    tamper("UPDATE reconciliation_dailystatement SET day = day - 7 WHERE number = 2")
    assert "Broken" in client.get(reverse("admin:reconciliation_dailystatement_changelist")).content.decode()
