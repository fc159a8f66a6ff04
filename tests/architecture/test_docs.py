"""Files, make targets, endpoints, environment variables and jobs that the documents name exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.test.client import Client
from django.urls import Resolver404, resolve

from billing_platform.celery import app
from billing_platform.environment import VARIABLES
from billing_platform.local import errors_reference, settings_reference
from billing_platform.local.request_examples import without_calls
from billing_platform.periodic_jobs import PERIODIC_JOBS
from tests import factories
from tests.architecture.code import APPS, ROOT, python_files

FOLDERS = (ROOT / "docs", ROOT / "examples")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(file for folder in FOLDERS for file in sorted(folder.rglob("*.md"))),
]
ENDPOINT = re.compile(r"\b(GET|POST|PATCH|DELETE)\s+(/[\w/{}.…-]*)|(?:\$BASE|https?://127[\w.:]+)(/[\w/{}.…-]*)")


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:", link)]
    broken = [link for link in links if not _leads_somewhere(document, link)]
    assert not broken


def _leads_somewhere(document: Path, link: str) -> bool:
    name, _hash, anchor = link.partition("#")
    target = (document.parent / name) if name else document
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_path_in_the_text_exists(document: Path) -> None:
    """`events/services/settling/chunks.py` in backticks is a promise that it is there."""
    text = document.read_text(encoding="utf-8")
    paths = re.findall(r"`((?:[\w.]+/)+[\w.-]+\.(?:py|md|sql|toml|txt|html))(?:::?\w+)?`", text)
    missing = [path for path in paths if not path.startswith("var/") and not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"(?m)(?:`|^ {4}|^\$ )make ([a-z][a-z-]*)", text)
    assert set(named) <= targets


def test_every_endpoint_of_the_api_document_is_routed() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    paths = {(found[1] or found[2]).rstrip(".") for found in ENDPOINT.findall(text)}
    assert len(paths) >= 30, "the document says little, or the search finds little"
    lost = sorted(path for path in paths if not _is_routed(path))
    assert not lost


def _is_routed(path: str) -> bool:
    """With every placeholder filled by something that fits: an id, a currency."""
    for value in ("0b8e2f9c-7f5e-4f0e-9d53-3b8a6f3a8d11", "INR"):
        try:
            resolve(re.sub(r"\{\w+\}|…", value, path))
            return True
        except Resolver404:
            continue
    return False


# --- environment variables ------------------------------------------------------------------------------------------

READ = re.compile(r"""(?:env(?:\.\w+)?\(|environ(?:\.get)?[\[(]|getenv\()\s*["']([A-Z][A-Z0-9_]+)["']""")
NOT_IN = re.compile(r"""["']([A-Z][A-Z0-9_]+)["'] (?:not )?in os\.environ""")
# Read by libraries, or by Django before settings exist: documented, but read by no line of ours.
BY_OTHERS = {"DJANGO_SETTINGS_MODULE"}
# Set by `make run` for its own processes; nobody sets them by hand.
INTERNAL = {"NO_PROXY"}
# Of a request, which a WSGI application calls its environment.
OF_A_REQUEST = {"CONTENT_LENGTH", "HTTP_HOST", "PATH_INFO", "REQUEST_METHOD"}
SANDBOX = ROOT / "billing_platform" / "local" / "razorpay"  # a program of its own: its README lists its variables


def _read_by_code() -> set[str]:
    found: set[str] = set()
    for file in python_files("billing_platform"):
        if SANDBOX in file.parents:
            continue
        text = file.read_text(encoding="utf-8")
        found |= {*READ.findall(text), *NOT_IN.findall(text)}
    return found - INTERNAL - BY_OTHERS - OF_A_REQUEST


def _explained() -> list[str]:
    return [variable.name for variable in VARIABLES]


def _in_example() -> set[str]:
    return set(re.findall(r"(?m)^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8")))


def test_every_variable_that_is_read_is_explained_once_and_no_other() -> None:
    assert sorted(_explained()) == sorted(_read_by_code())


def test_the_reference_of_the_settings_is_that_of_the_code() -> None:
    """`make settings` writes both files."""
    assert settings_reference.REFERENCE.read_text(encoding="utf-8") == settings_reference.reference()
    assert settings_reference.EXAMPLE.read_text(encoding="utf-8") == settings_reference.example()


def test_the_example_names_only_variables_that_are_read() -> None:
    assert _in_example() <= _read_by_code()
    assert len(_in_example()) >= 15


def test_what_the_deployment_check_asks_for_is_in_the_example() -> None:
    asked = set(
        re.findall(
            r"Set ([A-Z_]+)", (ROOT / "billing_platform" / "observability" / "checks.py").read_text(encoding="utf-8")
        )
    )
    assert asked
    assert asked <= _in_example()


def test_every_periodic_job_is_explained() -> None:
    text = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    missing = {task for task, _timing in PERIODIC_JOBS.values() if f"`{task}`" not in text}
    assert not missing
    named = set(re.findall(r"`(\w+\.tasks\.\w+)`", text))
    assert named <= _tasks()


def _tasks() -> set[str]:
    app.loader.import_default_modules()
    return set(app.tasks)


def test_every_metric_of_prometheus_that_is_named_exists() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    code = "".join(
        file.read_text(encoding="utf-8")
        for file in python_files("billing_platform", "events", "invoicing", "payments", "organisations")
    )
    named = set(re.findall(r"`(billing_[a-z_]+)", text)) - {"billing_platform"}
    assert named
    lost = {name for name in named if f'"{name}"' not in code}
    assert not lost


def _curls() -> list[str]:
    """The commands in the text of the API document, the "…" ones left out: those need an id of yours."""
    document = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    text = without_calls(document).replace("\\\n", " ")
    paragraphs = [part for part in text.split("\n\n") if part.startswith("    curl ")]
    commands = [command for part in paragraphs for command in re.split(r"(?m)^    (?=curl )", part) if command]
    assert len(commands) >= 6
    return [command for command in commands if "…" not in command]


@pytest.mark.django_db
def test_the_examples_of_the_api_document_work(admin_key: str, project_key: str) -> None:
    factories.billing_entity()
    for command in _curls():
        words = shlex.split(command.replace("$BASE", "").replace("$PROJECT_KEY", project_key))
        words = [word.replace("$ADMIN_KEY", admin_key) for word in words]
        headers = dict(word.split(": ", 1) for word in words if re.match(r"[A-Z][\w-]+: ", word))
        body = words[words.index("-d") + 1] if "-d" in words else None
        client = Client()
        if body is None:
            answer = client.get(words[1], headers=headers)
        else:
            answer = client.post(words[1], body, content_type=headers.pop("Content-Type"), headers=headers)
        assert answer.status_code in {200, 201, 202}, (command, answer.content)


def test_every_error_code_of_the_api_document_is_raised_somewhere() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in python_files("billing_platform", *APPS))
    section = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("## Errors")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z]{3,}(?:_[A-Z]+)*)`", section)) - {"GET"}
    assert len(named) >= 10
    assert not {name for name in named if f'"{name}"' not in code}


def test_the_page_of_error_codes_is_current() -> None:
    """`make errors` writes it."""
    assert errors_reference.REFERENCE.read_text(encoding="utf-8") == errors_reference.reference()
    sentences = {each.code: each.sentence for each in errors_reference.refusals()}
    assert sentences["NO_NOTICE_POSSIBLE"].startswith("Nothing is e-mailed to the customer for now")  # by a name
    assert sentences["CHEQUE_OUT_OF_DATE"] == "… is dated …: banks took it until …."  # by a function
