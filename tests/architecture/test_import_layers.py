"""The import contracts of pyproject.toml hold, cover all packages, and notice a violation."""

from __future__ import annotations

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.application.use_cases import _register_contract_types, read_user_options
from importlinter.configuration import configure
from importlinter.domain.contract import registry

from tests.architecture.code import APPS, ROOT, python_files

SANDBOX = "billing_platform.local.razorpay.fees"

configure()


ARROW = "Apps depend to the left, and on lib only"
INSIDE = "Inside an app, from its faces down to pure modules"
CIRCLES = "No circles between neighbours"
ONE_PLACE = "Unfold, Razorpay's SDK and ReportLab are each imported in one place"


@cache
def _options() -> Any:
    options = read_user_options(str(ROOT / "pyproject.toml"))
    _register_contract_types(options)
    return options


@cache
def _graph() -> grimp.ImportGraph:
    packages: list[str] = _options().session_options["root_packages"]
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def _broken(graph: grimp.ImportGraph) -> set[str]:
    """Names of the contracts that a graph breaks."""
    broken = set()
    for contract_options in _options().contracts_options:
        contract_class = registry.get_contract_class(contract_options["type"])
        contract = contract_class(contract_options["name"], _options().session_options, contract_options)
        if not contract.check(graph=copy.deepcopy(graph), verbose=False).kept:
            broken.add(contract_options["name"])
    return broken


def test_every_contract_holds() -> None:
    assert _broken(_graph()) == set(), "run lint-imports to see the imports at fault"


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("events.selectors.backlog", "invoicing.models", ARROW),
        ("invoicing.services.issuing", "payments.models", ARROW),
        ("billing_platform.lib.money", "organisations.models", ARROW),
        ("payments.models.payment", "billing_platform.celery", ARROW),
        ("events.admin.metric", "billing_platform.backoffice.theme", ARROW),
        (
            "billing_platform.observability.health",
            "billing_platform.http.middleware",
            ARROW,
        ),
        ("invoicing.services.drafting", "invoicing.tasks", INSIDE),
        ("events.models.metric", "events.selectors", INSIDE),
        ("payments.api.views", "payments.admin", INSIDE),
        ("events.backoffice", "events.admin", INSIDE),
        ("invoicing.pricing.charges", "invoicing.models", INSIDE),
        ("events.services.settling.writing", "events.services.settling.chunks", CIRCLES),
        ("billing_platform.lib.database.sql", "billing_platform.lib.admin.base", CIRCLES),
        ("invoicing.gst_heads", "django", "Pure modules are pure"),
        (SANDBOX, "billing_platform.lib.money", "The Razorpay sandbox knows nothing of us"),
        ("payments.services.collection", SANDBOX, "We know nothing of the Razorpay sandbox"),
        (
            "organisations.models.project",
            "unfold",
            ONE_PLACE,
        ),
    ],
)
def test_a_forbidden_import_is_noticed(importer: str, imported: str, contract: str) -> None:
    graph = copy.deepcopy(_graph())
    assert {importer, imported} <= graph.modules, "the example is out of date"
    graph.add_import(importer=importer, imported=imported)
    assert contract in _broken(graph)


def test_every_module_of_the_root_has_its_place_in_the_arrow() -> None:
    *rooms, lib = [layer for layer in _options().contracts_options[0]["layers"] if "." in layer]
    named = [name.strip() for room in rooms for name in room.split("|")]
    present = {
        f"billing_platform.{entry.stem}"
        for entry in (ROOT / "billing_platform").iterdir()
        if (entry.suffix == ".py" or (entry / "__init__.py").exists()) and entry.stem not in {"__init__", "lib"}
    }
    assert lib == "billing_platform.lib"
    assert sorted(named) == sorted(present)


def test_every_app_is_under_the_contracts() -> None:
    arrow, inside, circles, *_others = _options().contracts_options
    assert set(APPS) <= set(arrow["layers"])
    assert set(APPS) == set(inside["containers"])
    assert inside["exhaustive"], "a new module of an app needs its place among the layers"
    assert {*APPS, "billing_platform"} == set(circles["ancestors"])
    folders = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert folders == {*APPS, "billing_platform"}


@pytest.mark.parametrize("file", python_files("events"), ids=lambda file: str(Path(file).relative_to(ROOT)))
def test_the_events_app_never_mentions_money(file: Path) -> None:
    """Prices, currencies and invoices begin one app further right."""
    found = re.findall(r"(?i)\b\w*(?:currenc|rupee|\binr\b|unit_price)\w*", file.read_text(encoding="utf-8"))
    assert not found
