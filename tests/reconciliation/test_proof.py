"""Daily statements: what is counted later disturbs none; whatever is changed behind their back is found and named."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from events.models import UsageCorrection, UsageEvent
from events.services.corrections import correct_usage
from invoicing.models import CreditNote, Invoice
from organisations.models import Project
from reconciliation.models import DailyStatement, ProofBlock
from reconciliation.proof.content import hash_of
from reconciliation.proof.signatures import key_id_of, new_key, public_key_of, sign
from reconciliation.proving import files, trees
from reconciliation.services import stating
from tests.architecture.code import ROOT
from tests.events.language import event, send, settle
from tests.events.test_concurrency import _same_server
from tests.reconciliation.language import tamper, without_triggers
from tests.reconciliation.proof_language import counted_on, day, noon_of, proven, sentences, stated

pytestmark = pytest.mark.django_db

SECOND = "UPDATE reconciliation_dailystatement SET {} WHERE number = 2"


def test_each_day_has_a_statement_in_a_chain(days: Invoice) -> None:
    first, second, third = DailyStatement.objects.order_by("number")
    assert (first.said.ledger.entries, first.said.received.counted) == (3, 3)
    assert (second.said.documents.invoices, second.said.documents.credit_notes) == (2, 1)
    assert (third.said.ledger.root, third.said.documents.leaves) == (trees.DayTree().root.hex(), 0)
    assert (second.said.previous, third.said.previous) == (first.hash, second.hash)
    found = proven()
    # three documents, as rows and as printed, with a line and two taxes on each
    assert (found.statements, found.entries, found.document_leaves) == (3, 3, 3 * (2 + 1 + 2))
    assert stated() == []


def test_what_is_counted_later_disturbs_no_statement(days: Invoice, project: Project) -> None:
    """Settled late, sent again, or corrected: each belongs to the day on which it was counted."""
    with noon_of(3):
        send(project, event("a"), event("late"))  # received before the day was stated
    with noon_of(0):
        settle()
        event_of_then = UsageEvent.objects.get(event_id="b")
        correct_usage(
            organisation=project.organisation, project=project, event_id="b", action=UsageCorrection.Action.CORRECT,
            quantity=Decimal(5), reason="twice", by="me",
        )  # fmt: skip
    assert event_of_then.counted_on == day(3)
    assert {row.event_id.split(":")[0] for row in UsageEvent.objects.filter(counted_on=day(0))} == {
        "late",
        "correction",
    }
    assert proven().entries == 3
    assert [statement.said.ledger.entries for statement in stated(today=-1)] == [3]
    assert proven().entries == 6


GONE = "Missing: 3 entries of the ledger, before the first"
EVENTS = [
    ("UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'", ["Changed: event b "]),
    ("""UPDATE events_usageevent SET metadata = '{"a": 1}' WHERE event_id = 'c'""", ["Changed: event c "]),
    ("DELETE FROM events_usageevent WHERE event_id = 'b'", ["Missing: one entry of the ledger, after event a "]),
    ("DELETE FROM events_usageevent WHERE event_id = 'a'", ["Missing: one entry of the ledger, before the first one"]),
    ("DELETE FROM events_usageevent", [GONE]),
    ("UPDATE events_usageevent SET counted_on = counted_on - 9", [GONE]),
    (
        """INSERT INTO events_usageevent (organisation_id, project_id, metric_id, event_id, kind, quantity, occurred_at,
            received_at, received_month, hour, counted_in, counted_on, is_late, dimensions, metadata, batch_id,
            position)
        SELECT organisation_id, project_id, metric_id, 'x', kind, quantity, occurred_at, received_at, received_month,
            hour, counted_in, counted_on, is_late, dimensions, metadata, batch_id, 7
        FROM events_usageevent WHERE event_id = 'b'""",
        ["Added: event x "],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), EVENTS, ids=[expected[0] for _statement, expected in EVENTS])
def test_what_was_done_to_the_ledger_is_named(days: Invoice, statement: str, expected: list[str]) -> None:
    tamper(statement)
    found = sentences()
    assert [said[: len(beginning)] for said, beginning in zip(found, expected, strict=True)] == expected
    assert found[0].endswith("(customer Acme)")
    assert proven(first=day(2)).statements == 2  # the other days are as they were


SGST = "WHERE name = 'SGST' AND invoice_id = %s"
DOCUMENTS = [
    ("UPDATE invoicing_invoiceline SET amount = 900 WHERE amount = 1000", "Changed: line 1 of invoice {}"),
    (f"UPDATE invoicing_invoicetax SET amount = 91 {SGST}", "Changed: SGST on line 1 of invoice {}"),
    (f"DELETE FROM invoicing_invoicetax {SGST}", "Missing: SGST on line 1 of invoice {}"),
    ("UPDATE invoicing_invoice SET due_date = due_date + 9 WHERE id = %s", "Changed: invoice {}"),
    (
        """UPDATE invoicing_documentsnapshot SET content = jsonb_set(content, '{total}', '"1.00"')
        WHERE invoice_id = %s""",
        "Changed: the document of invoice {}",
    ),
    ("DELETE FROM invoicing_documentsnapshot WHERE invoice_id = %s", "Missing: the document of invoice {}"),
    ("UPDATE invoicing_creditnote SET reason_text = 'otherwise'", "Changed: credit note {note}"),
    ("UPDATE invoicing_creditnoteline SET amount = 1", "Changed: line 1 of credit note {note}"),
    (
        "UPDATE invoicing_creditnotetax SET rate = 8 WHERE name = 'CGST'",
        "Changed: CGST on line 1 of credit note {note}",
    ),
]


@pytest.mark.parametrize(("statement", "expected"), DOCUMENTS, ids=[expected for _statement, expected in DOCUMENTS])
def test_what_was_done_to_a_document_is_named(days: Invoice, statement: str, expected: str) -> None:
    tamper(statement, *([days.pk] if "%s" in statement else []))
    named = expected.format(days.number, note=CreditNote.objects.get().number)
    assert sentences() == [f"{named} (customer Acme)"]
    assert sentences(organisation_id=days.organisation_id) == [f"{named} (customer Acme)"]
    other = Invoice.objects.exclude(pk=days.pk).get()
    assert proven(organisation_id=other.organisation_id).document_leaves == 5


def test_one_customer_is_proven_alone(days: Invoice) -> None:
    assert proven(organisation_id=days.organisation_id).document_leaves == 10


CHAIN = [
    (SECOND.format("content = replace(content, ':2', ':3')"), ["was changed: its content does not"]),
    (SECOND.format("signature = 'AAAAAAAA' || substr(signature, 9)"), ["was changed: its signature"]),
    (SECOND.format("day = day - 7"), ["does not follow the day", "was changed: its content is of another day"]),
    ("DELETE FROM reconciliation_dailystatement WHERE number = 2", ["Statement 2 is missing", "does not name the one"]),
    ("DELETE FROM reconciliation_dailystatement WHERE number = 1", ["Statement 1 is missing", "does not name the one"]),
    ("DELETE FROM reconciliation_dailystatement WHERE number < 3", [
        f"Statements 1 to 2 are missing before statement 3 of {day_text(day(1))}.",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), CHAIN, ids=[expected[0] for _statement, expected in CHAIN])
def test_a_changed_or_missing_statement_is_found(days: Invoice, statement: str, expected: list[str]) -> None:
    tamper(statement)
    found = sentences(first=day(1))
    assert len(found) >= len(expected)
    for said, words in zip(found, expected, strict=False):
        assert words in said


def test_changed_blocks_are_not_believed(days: Invoice) -> None:
    tamper("UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'")
    with transaction.atomic():
        (changed,) = trees.blocks(trees.Tree.LEDGER, day(3))
    tamper(
        "UPDATE reconciliation_proofblock SET root = %s, prints = %s WHERE tree = 'ledger'",
        changed.root,
        changed.prints,
    )
    assert sentences() == [
        "The ledger of the day is not as signed, and nobody can say where: the stored blocks were changed too."
    ]


BLOCKS = [
    (
        "UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'",
        "UPDATE reconciliation_proofblock SET prints = %s WHERE tree = 'ledger'",
    ),
    (
        "DELETE FROM invoicing_invoicetax WHERE name = 'SGST'",
        "UPDATE reconciliation_proofblock SET names = '[]' WHERE tree = 'documents'",
    ),
]


@pytest.mark.parametrize(("change", "cover"), BLOCKS, ids=["prints", "names"])
def test_what_names_the_leaves_can_not_hide_that_the_root_differs(days: Invoice, change: str, cover: str) -> None:
    """Neither prints nor names are signed: who changes a row can change them to fit."""
    tamper(change)
    with transaction.atomic():
        (changed,) = trees.blocks(trees.Tree.LEDGER, day(3))
    tamper(cover, *([changed.prints] if "%s" in cover else []))
    found = sentences(organisation_id=days.organisation_id)
    assert found == ["Not as signed, and nobody can say what: the stored blocks were changed too (customer Acme)"]
    assert found[0] in sentences()


def test_a_statement_of_other_types_is_no_statement(days: Invoice) -> None:
    """Also where somebody signs it anew: pages and commands say so, and do not fall over it."""
    text = DailyStatement.objects.get(number=1).content.replace('"events":3', '"events":"3"')
    values = text, hash_of(text), sign(text)
    tamper("UPDATE reconciliation_dailystatement SET content = %s, hash = %s, signature = %s WHERE number = 1", *values)
    assert sentences()[0].endswith("can't be read: somebody has changed it.")


def test_documents_are_in_the_order_of_bytes_whatever_the_database_collates(days: Invoice) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT pg_collation_for(key) FROM ({trees._LEAVES[trees.Tree.DOCUMENTS]}) leaves",
            trees._asked(day(2), None),
        )
        assert cursor.fetchall() == [('"C"',)]


def rewritten(settings: Any) -> None:
    """Who has the key, or one of their own, tampers and makes the whole chain anew."""
    tamper("UPDATE events_usageevent SET quantity = 2 WHERE event_id = 'b'")
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reconciliation_proofblock")
        cursor.execute("DELETE FROM reconciliation_dailystatement")
    assert len(stated()) == 3


def test_a_chain_signed_anew_with_another_key_is_found(days: Invoice, settings: Any) -> None:
    own = public_key_of(settings.PROOF_SIGNING_KEY)
    settings.PROOF_SIGNING_KEY = new_key()
    rewritten(settings)
    assert len([said for said in sentences(keys={key_id_of(own): own}) if "which is not known here" in said]) == 3


def test_a_chain_rewritten_with_the_stolen_key_is_found_with_a_file(days: Invoice, settings: Any) -> None:
    handed_out = list(files.lines())
    assert sentences(exported=files.parsed(handed_out)) == []
    rewritten(settings)
    assert sentences() == []
    assert len(sentences(exported=files.parsed(handed_out))) == 3
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM reconciliation_dailystatement WHERE number = 3")
    assert "it was removed" in sentences(exported=files.parsed(handed_out))[2]


def test_what_an_earlier_key_signed_is_believed_while_it_is_named(days: Invoice, settings: Any) -> None:
    settings.PROOF_PUBLIC_KEYS = [public_key_of(settings.PROOF_SIGNING_KEY)]
    settings.PROOF_SIGNING_KEY = new_key()
    (made,) = stated(today=-1)
    assert (made.key_id, proven().statements) == (key_id_of(public_key_of(settings.PROOF_SIGNING_KEY)), 4)


@pytest.mark.parametrize("key", ["", "nokey!", base64.b64encode(b"short").decode()])
def test_without_a_key_no_statement_is_made(days: Invoice, settings: Any, key: str) -> None:
    settings.PROOF_SIGNING_KEY = key
    with pytest.raises(DomainError, match="proof_key") as caught:
        stated(today=-1)
    assert (DailyStatement.objects.count(), caught.value.code) == (3, "PROOF_KEY_MISSING")
    assert key == "" or key not in caught.value.message


REFUSED = [
    {"number": 5}, {"day": day(0)}, {"hash": "0" * 64}, {"key_id": "another"},
    {"content": '{"number": 4}'},
]  # fmt: skip


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: next(iter(change)))
def test_the_database_refuses_what_is_no_next_link(days: Invoice, change: dict[str, Any]) -> None:
    last = DailyStatement.objects.get(number=3)
    text = last.content.replace('"number":3', '"number":4').replace(f"{last.day}", f"{day(0) + timedelta(days=5)}")
    wanted = {
        "number": 4,
        "day": last.day + timedelta(days=1),
        "content": text,
        "key_id": last.key_id,
        "made_at": last.made_at,
    }
    wanted |= change
    wanted = {"hash": hash_of(wanted["content"]), "signature": sign(wanted["content"])} | wanted
    with pytest.raises(DatabaseError, match="does not"), transaction.atomic():
        DailyStatement.objects.create(**wanted)
    for query in ("UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        for table in ("reconciliation_dailystatement", "reconciliation_proofblock"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(query.format(table))


def test_many_blocks_are_one_tree(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of four: an entry more or less in one of them moves nothing in the others."""
    monkeypatch.setattr(trees, "BLOCK", 4)
    counted_on(1, project, *(f"e{number:02}" for number in range(19)))
    (statement,) = stated()
    assert list(ProofBlock.objects.order_by("number").values_list("leaves", flat=True)) == [4, 4, 4, 4, 3]
    with transaction.atomic():
        leaves = trees.leaves_between(trees.Tree.LEDGER, day(1), project.organisation_id)
    customer = trees.CustomerTree(project.organisation_id, 19, tuple(leaf.hash for leaf in leaves))
    assert trees.DayTree([customer]).root.hex() == statement.said.ledger.root
    tamper("DELETE FROM events_usageevent WHERE event_id IN ('e05', 'e12')")
    tamper("UPDATE events_usageevent SET position = 99 WHERE event_id = 'e18'")
    assert [said.partition(" (")[0] for said in sentences()] == [
        "Missing: one entry of the ledger, after event e04",
        "Missing: one entry of the ledger, before the first one that is left",
        "Changed: event e18",
    ]


def test_a_day_is_stated_only_when_no_clock_shows_it_any_more(project: Project) -> None:
    counted_on(1, project, "a")
    _start, end = trees.utc_day(day(1))
    with clock.standing_at(end + timedelta(minutes=59)):
        assert stating.state_days() == []
    with clock.standing_at(end + timedelta(minutes=60)):
        assert [each.day for each in stating.state_days()] == [day(1)]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_each_statement_once(days: Invoice, project: Project) -> None:
    counted_on(0, project, "d")

    def work() -> None:
        stated(today=-3)
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.day for each in DailyStatement.objects.order_by("number")] == [day(back) for back in range(3, -3, -1)]
    assert proven().entries == 4


KILLED = """
import sys, django
django.setup()
from reconciliation.services import stating
def pause(*_args, **_kwargs):
    print("there", flush=True)
    sys.stdin.read()
stating._documents = pause  # the blocks are written, the statement is not
stating.state_days()
"""


@pytest.mark.django_db(transaction=True)
def test_killed_between_blocks_and_statement_nothing_has_happened(project: Project) -> None:
    counted_on(2, project, "a", "b")  # yesterday may still be open on the worker's clock: before 01:00 UTC
    worker = started(KILLED)
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"there\n"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert (DailyStatement.objects.count(), ProofBlock.objects.count()) == (0, 0)
    assert [statement.day for statement in stated()] == [day(2), day(1)]
    assert (proven().entries, ProofBlock.objects.count()) == (2, 1)


def started(script: str) -> subprocess.Popen[bytes]:
    """A process of its own on the database of this test."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": _same_server(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
