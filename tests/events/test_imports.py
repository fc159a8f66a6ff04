"""Usage from files: every row is counted once, whatever is sent again, killed, or sent by others meanwhile."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import Client

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from events.models import EventBatch, UsageEvent, UsageImport, UsageImportPart
from events.selectors.imports import problem_rows
from events.services import importing
from events.services.importing import process_import, start_import
from events.wire import import_files
from events.wire.import_files import FileFormat, open_file, parts_of
from organisations.models import Organisation, Project
from tests import factories
from tests.events.language import event, send, settle

HEADER = "event_id,metric_name,metric_value,unit,timestamp,metadata.region\n"
URL = "/api/v1/admin/usage-imports"
MEGABYTE = 1024 * 1024


def row(number: int, value: str = "1") -> str:
    return f"e-{number},api_calls,{value},call,,in\n"


def a_thousand() -> bytes:
    """980 new rows, 15 whose ids were sent before, and 5 bad ones."""
    good = [row(number) for number in range(995)]
    return (HEADER + "".join([*good, *(row(2000 + number, "many") for number in range(5))])).encode()


def started(project: Project, content: bytes, *, again: bool = False, name: str = "usage.csv") -> UsageImport:
    return start_import(project=project, file=io.BytesIO(content), file_name=name, by="a test", again=again)


def finished(made: UsageImport) -> UsageImport:
    process_import(import_id=made.pk)
    settle()
    process_import(import_id=made.pk)
    made.refresh_from_db()
    return made


def numbers(made: UsageImport) -> tuple[Any, ...]:
    return made.status, made.counted, made.duplicates, made.bad


@pytest.mark.django_db
def test_new_known_and_bad_rows_are_told_apart_and_the_same_file_again_counts_nothing(project: Project) -> None:
    send(project, *(event(f"e-{number}") for number in range(15)))
    settle()
    made = finished(started(project, a_thousand()))
    assert (made.row_count, *numbers(made)) == (1000, "done", 980, 15, 5)
    problems = list(problem_rows(made))
    assert len(problems) == 6
    assert problems[1][:2] == (997, "metric_value")
    assert problems[1][3:] == ("e-2000", "e-2000,api_calls,many,call,,in")

    with pytest.raises(DomainError) as refused:
        started(project, a_thousand())
    assert (refused.value.code, refused.value.details) == ("FILE_IMPORTED_BEFORE", {"usage_import": str(made.pk)})
    again = finished(started(project, a_thousand(), again=True))
    assert (again.run, *numbers(again)) == (2, "done", 0, 995, 5)
    assert UsageEvent.objects.count() == 995


@pytest.mark.django_db
def test_numbers_are_exact_though_another_client_sends_the_same_ids_before_they_are_counted(project: Project) -> None:
    made = started(project, a_thousand())
    process_import(import_id=made.pk)
    made.refresh_from_db()
    assert numbers(made) == ("waiting", None, None, 0)  # accepted, and to be counted
    sent = send(project, *(event(f"e-{number}") for number in range(990, 1010)))
    assert finished(made).counted == 995
    assert EventBatch.objects.get(pk=sent.batch_id).duplicates == 5


@pytest.mark.django_db
def test_an_import_that_is_killed_between_parts_goes_on_without_doubles(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "PART_ROWS", 300)
    made, accept = started(project, a_thousand()), importing.accept_lines

    def killed(**kwargs: Any) -> Any:
        """In the middle of the third part, after its batch was written."""
        accepted = accept(**kwargs)
        if UsageImportPart.objects.filter(accepted__isnull=False).count() == 2:
            raise KeyboardInterrupt
        return accepted

    monkeypatch.setattr(importing, "accept_lines", killed)
    with pytest.raises(KeyboardInterrupt):
        process_import(import_id=made.pk)
    assert EventBatch.objects.count() == 2
    monkeypatch.setattr(importing, "accept_lines", accept)
    with clock.standing_at(clock.now() + UsageImport.claim_lasts + timedelta(seconds=1)):
        assert importing.due_imports() == [made.pk]
        assert numbers(finished(made)) == ("done", 995, 0, 5)
    assert EventBatch.objects.count() == 4
    assert [line for line, *_rest in problem_rows(made)][1:] == list(range(997, 1002))


@pytest.mark.django_db
def test_a_file_whose_ids_are_forgotten_is_refused(project: Project) -> None:
    finished(started(project, a_thousand()))
    with clock.standing_at(clock.now() + timedelta(days=35)), pytest.raises(DomainError) as refused:
        started(project, a_thousand(), again=True)
    assert refused.value.code == "FILE_IMPORTED_LONG_AGO"


@pytest.mark.django_db
def test_what_was_stopped_does_not_go_on_once_its_rows_may_count_a_second_time(project: Project) -> None:
    stopped = started(project, a_thousand())
    Project.objects.update(is_active=False)
    process_import(import_id=stopped.pk)
    stopped.refresh_from_db()
    assert (stopped.status, stopped.last_failure[:24]) == ("failed", "The project or its custo")
    Project.objects.update(is_active=True)
    project.refresh_from_db()
    again = started(project, a_thousand(), again=True)
    with pytest.raises(DomainError, match="imported again since"):
        importing.try_now(import_id=stopped.pk)
    with clock.standing_at(clock.now() + timedelta(days=36)):
        process_import(import_id=again.pk)
    again.refresh_from_db()
    assert again.status == "failed"
    assert not EventBatch.objects.exists()


@pytest.mark.django_db
def test_a_file_is_forgotten_with_the_accepted_usage_and_its_numbers_stay(project: Project) -> None:
    made = finished(started(project, a_thousand()))
    assert importing.forget_files() == 0
    with clock.standing_at(clock.now() + timedelta(days=8)):
        assert importing.forget_files() == 1
    assert numbers(made) == ("done", 995, 0, 5)
    assert list(problem_rows(made))[1][-1] == "(not stored any more)"


@pytest.mark.django_db
def test_the_api_takes_a_packed_file_and_gives_the_bad_rows_without_formulas(
    api: Client, acme: Organisation, project: Project
) -> None:
    lines = [json.dumps(event("a")), json.dumps(event("b", "-1")), "=1+1", ""]
    sent = {
        "project": str(project.pk),
        "file": SimpleUploadedFile("u.ndjson.gz", gzip.compress("\n".join(lines).encode())),
    }
    answer = api.post(URL, sent, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202, answer.json()
    assert (answer.json()["file_format"], answer.json()["row_count"]) == ("ndjson", 3)
    sent["file"] = SimpleUploadedFile("u.ndjson.gz", b"another")
    assert api.post(URL, sent, headers={"Idempotency-Key": "k"}).json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    made = finished(UsageImport.objects.get())
    found = api.get(f"{URL}?status=done&project={project.pk}").json()["results"]
    assert [(each["id"], each["counted"], each["bad"]) for each in found] == [(str(made.pk), 1, 2)]
    file = b"".join(api.get(f"{URL}/{made.pk}/bad-rows").streaming_content).decode()
    assert [(each["line"], each["field"], each["original"]) for each in csv.DictReader(io.StringIO(file))] == [
        ("2", "metric_value", lines[1]),
        ("3", "", "'=1+1"),
    ]


def read(content: bytes, *, most: int = MEGABYTE) -> list[Any]:
    opened = open_file(io.BytesIO(content), most_bytes=most)
    found: list[Any] = []
    for part in parts_of(opened):
        lines = import_files.numbered_lines(part.lines, part.first_line, opened.file_format)
        places, events, problems = import_files.as_json(lines, opened.file_format, opened.header)
        found += [*zip(places, map(json.loads, events), strict=True), *((each.line, each.reason) for each in problems)]
    return found


FOUR = "event_id,metric_name,metric_value,unit"
OPEN_QUOTE = "A quotation mark is opened and not closed: a row is one line."
NAMED = {"event_id": "a", "metric_name": "m", "metric_value": "1", "unit": "u"}


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (f"{FOUR}\r\na,m,1,u\r\n", [(2, NAMED)]),
        ("\ufeffunit;metric_value;metric_name;event_id\n\nu;1;m;a\n;;;\n", [(3, NAMED)]),
        (f"{FOUR},timestamp\na,m,1,u,\n".replace(",", "\t"), [(2, NAMED)]),
        (f'{FOUR},metadata\na,m,1,u,"{{""x"": 1}}"\n', [(2, {**NAMED, "metadata": {"x": 1}})]),
        (f"{FOUR},metadata.x\na,m,1,u,in", [(2, {**NAMED, "metadata": {"x": "in"}})]),
        (f"{FOUR},metadata\na,m,1,u,[1]\n", [(2, "The cell is no JSON object.")]),
        (f'{FOUR}\na,"m,1,u\na,m,1,u\n', [(3, NAMED), (2, OPEN_QUOTE)]),
        (f"{FOUR}\na,m,1\n", [(2, "The row has 3 cells; the header has 4.")]),
    ],
)
def test_how_rows_are_read(content: str, rows: list[Any]) -> None:
    assert read(content.encode()) == read(gzip.compress(content.encode())) == rows


@pytest.mark.django_db
def test_no_key_imports_for_the_project_of_another_customer(project: Project) -> None:
    key = factories.admin_key(factories.member("mallory", factories.organisation("Initech"), "admin"))
    sent = {"project": str(project.pk), "file": SimpleUploadedFile("u.csv", a_thousand())}
    assert factories.client(key).post(URL, sent).status_code == 404
    assert not UsageImport.objects.exists()


HEAD = f"{FOUR}\n".encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (HEAD, "has no rows"),
        (b"event_id,unit\na,b", "lacks the columns metric_name, metric_value."),
        (HEAD[:-1] + b",metadata.\n", "has unknown columns: metadata.."),
        (HEAD[:-1] + b",cost\n", "has unknown columns: cost."),
        (HEAD[:-1] + b",unit\n", "has twice: unit."),
        (HEAD[:-1] + b",metadata,metadata.x\n", "not both"),
        (b"PK\x03\x04", "spreadsheet"),
        (b'[{"event_id": "a"}]', "JSON array"),
        (HEAD + b"a,m,1,\xff\n", "Line 2 is no text in UTF-8"),
        (HEAD + b"a" * 70_000, "Line 2 is longer than 64 KB"),
        (HEAD + b"a,m,1,u\n" * 200_000, "holds more than 1 MB"),
        (gzip.compress(HEAD + b"a,m,1,u\n" * 2_000_000, mtime=0), "holds more than 1 MB"),
        (gzip.compress(HEAD + b"a,m,1,u\n", mtime=0)[:-9], "not complete gzip"),
    ],
)
def test_what_is_no_file_of_usage_is_refused_as_a_whole(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(content)
    assert sentence in refused.value.details["file"][0]


def test_lines_that_are_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "MOST_LINES", 10)
    with pytest.raises(InvalidInput, match="more than 10 lines"):
        read(HEAD + b"\n" * 10 + b"a,m,1,u\n")


def test_the_formats_are_those_of_the_model() -> None:
    assert {each.value for each in FileFormat} == set(UsageImport.Format)
