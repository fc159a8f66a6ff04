"""The proof of one event: checked by the script in the documents, for whoever owns the event, and for nobody else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test.client import Client
from django.urls import reverse

from events.models import UsageCorrection, UsageEvent
from events.services.corrections import correct_usage
from organisations.models import Organisation, Project
from reconciliation.proof.merkle import Step, climb, leaf_hash
from reconciliation.proof.signatures import new_key, public_key_of
from reconciliation.proving import trees
from tests import factories
from tests.architecture.code import ROOT
from tests.events.language import event, send
from tests.reconciliation.language import tamper
from tests.reconciliation.proof_language import counted_on, noon_of, stated

pytestmark = pytest.mark.django_db

SCRIPT = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "proof.md").read_text(), re.S)


@pytest.fixture
def proven(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Eleven events of two days before today, in blocks of four, beside those of two other customers."""
    monkeypatch.setattr(trees, "BLOCK", 4)
    for name in ("Umbrella", "Initech"):
        counted_on(2, factories.project(factories.organisation(name=name)), "theirs", "also/theirs")
    counted_on(2, project, *(f"e{number}" for number in range(10)), "a/b é")
    stated()
    return project


def asked(project: Project, event_id: str, **parameters: str) -> Any:
    return factories.client(factories.project_key(project)).get(f"/api/v1/events/{event_id}/proof", parameters)


def checked(answer: dict[str, Any], tmp_path: Path, public_key: str = "") -> subprocess.CompletedProcess[str]:
    """What the script in the documents says."""
    assert SCRIPT
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(answer))
    key = public_key or public_key_of(settings.PROOF_SIGNING_KEY)
    return subprocess.run(
        [sys.executable, "-c", SCRIPT[1], str(file), key], capture_output=True, text=True, check=False
    )


def test_the_script_in_the_documents_believes_what_is_right_and_nothing_else(proven: Project, tmp_path: Path) -> None:
    answer = asked(proven, "a/b é").json()
    assert checked(answer, tmp_path).stdout.startswith("a/b é: usage of 1.00000000, counted on ")
    assert "InvalidSignature" in checked(answer, tmp_path, public_key_of(new_key())).stderr
    (proof,) = answer["entries"]
    for changed in (
        {"entry": proof["entry"].replace("1.00000000", "2.00000000")},
        {"path": proof["path"][1:]},
        {"customer": proof["customer"].replace('"11"', '"12"')},
        {"statement": proof["statement"] | {"content": proof["statement"]["content"].replace('"form":1', '"form":2')}},
    ):
        assert checked(answer | {"entries": [proof | changed]}, tmp_path).returncode == 1, changed


@pytest.mark.parametrize("event_id", [f"e{number}" for number in range(10)])
def test_every_place_in_the_tree_can_be_proven(proven: Project, event_id: str) -> None:
    (proof,) = asked(proven, event_id).json()["entries"]
    steps, further = (
        [Step(each["side"], bytes.fromhex(each["hash"])) for each in proof[name]] for name in ("path", "customer_path")
    )
    assert climb(leaf_hash(proof["entry"].encode()), steps).hex() == json.loads(proof["customer"])[2]
    root = json.loads(proof["statement"]["content"])["ledger"]["root"]
    assert climb(leaf_hash(proof["customer"].encode()), further).hex() == root


def test_corrections_are_proven_with_the_event_once_their_day_is_stated(proven: Project, tmp_path: Path) -> None:
    with noon_of(0):
        correct_usage(
            organisation=proven.organisation, project=proven, event_id="e3", action=UsageCorrection.Action.CORRECT,
            quantity=Decimal(5), reason="twice", by="me",
        )  # fmt: skip
    answer = asked(proven, "e3").json()
    assert ([each["kind"] for each in answer["entries"]], answer["waiting"]) == (["usage"], 2)
    stated(today=-1)
    answer = asked(proven, "e3").json()
    assert ([each["kind"] for each in answer["entries"]], answer["waiting"]) == (
        ["usage", "reversal", "replacement"],
        0,
    )
    assert len(checked(answer, tmp_path).stdout.splitlines()) == 3


def test_what_can_not_be_proven_is_said(proven: Project) -> None:
    counted_on(0, proven, "today")
    with noon_of(0):
        send(proven, event("waits"))
    said = {name: asked(proven, name) for name in ("today", "waits", "nobody's", "theirs")}
    assert {name: (answer.status_code, answer.json()["code"]) for name, answer in said.items()} == {
        "today": (409, "NOT_STATED_YET"), "waits": (409, "EVENT_PENDING"),
        "nobody's": (404, "NOT_FOUND"), "theirs": (404, "NOT_FOUND"),
    }  # fmt: skip
    assert asked(proven, "e1", received_month="2020-01").json()["code"] == "NOT_FOUND"  # it does not wait
    tamper("UPDATE events_usageevent SET quantity = 7 WHERE event_id = 'e5'")
    for name in ("e5", "e6"):  # of the same block
        assert asked(proven, name).json()["code"] == "NOT_AS_STATED"
    assert asked(proven, "e0").status_code == 200
    tamper("UPDATE reconciliation_dailystatement SET content = 'x'")
    assert asked(proven, "e0").json()["code"] == "NOT_AS_STATED"


def test_an_admin_key_asks_for_the_events_of_its_organisations(
    proven: Project, acme: Organisation, api: Client
) -> None:
    address = "/api/v1/admin/events/{}/proof"
    assert api.get(address.format("e1")).json()["entries"][0]["kind"] == "usage"
    ambiguous = api.get(address.format("also/theirs"))
    assert (ambiguous.status_code, ambiguous.json()["code"]) == (409, "EVENT_AMBIGUOUS")
    theirs = Project.objects.get(organisation__name="Initech")
    assert api.get(address.format("also/theirs"), {"project": str(theirs.pk)}).status_code == 200
    viewer = factories.client(factories.admin_key(factories.member("eve", acme, "viewer"), "read"))
    assert [viewer.get(address.format(name)).status_code for name in ("e1", "theirs")] == [200, 404]
    assert api.get(address.format("e1"), {"received_month": "2020-01"}).status_code == 404


def test_the_page_of_a_ledger_entry_leads_to_its_proof(proven: Project, admin_user: Any, tmp_path: Path) -> None:
    client = Client()
    client.force_login(admin_user)
    entry = UsageEvent.objects.get(event_id="e1")
    page = client.get(reverse("admin:events_usageevent_change", args=[entry.pk])).content.decode()
    assert "Statement 1 of" in page
    assert "Its proof" in page
    answer = client.get(reverse("admin:events_usageevent_action", args=[entry.pk, "proof"]))
    assert checked(answer.json(), tmp_path).returncode == 0
