"""The import arrow: the contracts of pyproject.toml hold, cover everything, and would notice a violation."""

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
        ("events.selectors", "invoicing.models", "Apps depend downwards only"),
        ("invoicing.services.issuing", "payments.models", "Apps depend downwards only"),
        ("billing_platform.lib.money", "organisations.models", "Apps depend downwards only"),
        ("payments.models.payment", "billing_platform.celery", "Apps depend downwards only"),
        ("invoicing.services.drafting", "invoicing.tasks", "Faces never leak into rules"),
        ("events.models.metric", "events.selectors", "Faces never leak into rules"),
        ("invoicing.tax", "django", "Pure modules are pure"),
        (SANDBOX, "billing_platform.lib.money", "The Razorpay sandbox knows nothing of us"),
        ("payments.services.collection", SANDBOX, "We know nothing of the Razorpay sandbox"),
        ("organisations.models.project", "unfold", "The skin, the gateway and the PDF library each have one door"),
    ],
)
def test_a_forbidden_import_is_noticed(importer: str, imported: str, contract: str) -> None:
    graph = copy.deepcopy(_graph())
    assert {importer, imported} <= graph.modules, "the example is out of date"
    graph.add_import(importer=importer, imported=imported)
    assert contract in _broken(graph)


def test_every_module_of_the_root_has_its_place_in_the_arrow() -> None:
    layers = _options().contracts_options[0]["layers"]
    named = {name.strip() for name in re.split("[:|]", layers[0])}
    present = {
        f"billing_platform.{entry.stem}"
        for entry in (ROOT / "billing_platform").iterdir()
        if (entry.suffix == ".py" or (entry / "__init__.py").exists()) and entry.stem not in {"__init__", "lib"}
    }
    assert named == present


def test_every_app_is_under_the_contracts() -> None:
    arrow, faces, *_others = _options().contracts_options
    assert set(APPS) <= set(arrow["layers"])
    assert set(APPS) == set(faces["containers"])
    folders = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert folders == {*APPS, "billing_platform"}


@pytest.mark.parametrize("file", python_files("events"), ids=lambda file: str(Path(file).relative_to(ROOT)))
def test_usage_never_speaks_of_money(file: Path) -> None:
    """Prices, currencies and invoices begin one app further right."""
    found = re.findall(r"(?i)\b\w*(?:currenc|rupee|\binr\b|unit_price)\w*", file.read_text(encoding="utf-8"))
    assert not found
