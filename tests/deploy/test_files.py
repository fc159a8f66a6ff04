"""Image, compose, systemd and alert rules: the same processes, variables and metrics as the code has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing_platform.environment import VARIABLES
from billing_platform.local.process_table import Addresses, commands
from tests.architecture.code import ROOT, python_files

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
BY_THE_SYSTEM = {  # read by Python, glibc, Django or the images of others
    *("PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "MALLOC_MMAP_THRESHOLD_", "DJANGO_SETTINGS_MODULE"),
    *("POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS", "PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK"),
}
# Where a process listens, how many there are, and how much they log is a matter of the machine.
OF_THE_MACHINE = {"--host", "--port", "--workers", "--concurrency", "--loglevel", "--log-level", "--hostname"}


def _image_command() -> list[str]:
    (line,) = re.findall(r"(?m)^CMD \[(.+)\]$", (DEPLOY / "Dockerfile").read_text())
    return [word.strip().strip('"') for word in line.split('", ')]


def _unit(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / name).read_text().splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def _gist(words: list[str]) -> list[str]:
    """A command line without paths and without what is of the machine."""
    program = [word for word in words if word not in {"--quiet"}]
    start = next(number for number, word in enumerate(program) if Path(word).name in {"granian", "celery"})
    gist, rest = [Path(program[start]).name], iter(program[start + 1 :])
    for word in rest:
        if word in OF_THE_MACHINE:
            next(rest)
        else:
            gist.append(word)
    return gist


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_each_process_is_started_as_make_run_starts_it(name: str) -> None:
    ours = _gist(commands(Addresses(base_url="http://127.0.0.1:8000", sandbox_url=None))[name])
    by_compose = COMPOSE["services"][name].get("command") or _image_command()
    unit = _unit(f"billing-{name}@.service" if name == "worker" else f"billing-{name}.service")
    assert _gist(by_compose) == ours
    assert _gist(shlex.split(unit["ExecStart"][0])) == ours


def test_operations_name_the_same_commands() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = {
        row[0].split(",")[0]: row[1]
        for row in re.findall(r"(?m)^\| (web|worker|beat)[^|]*\|[^|]*\| `([^`]+)` \|", text)
    }
    assert set(rows) == {"web", "worker", "beat"}
    for name in ("worker", "beat"):
        unit = _unit(f"billing-{name}@.service" if name == "worker" else f"billing-{name}.service")
        assert _gist(shlex.split(rows[name])) == _gist(shlex.split(unit["ExecStart"][0]))


def test_the_backups_of_compose_and_systemd_are_the_same() -> None:
    words = shlex.split(_unit("billing-backup.service")["ExecStart"][0])
    assert words[1:] == COMPOSE["services"]["backup"]["command"][1:]


def test_only_variables_that_are_read_are_set() -> None:
    known = {variable.name for variable in VARIABLES} | BY_THE_SYSTEM
    of_image = set(re.findall(r"(?m)^(?:ENV)? +([A-Z_]+)=", (DEPLOY / "Dockerfile").read_text()))
    of_compose = {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    of_units = {
        pair.partition("=")[0]
        for file in (DEPLOY / "systemd").glob("*.service")
        for line in _unit(file.name).get("Environment", [])
        for pair in line.split()
    }
    assert {"VAR_DIR", "STATIC_DIR"} <= of_image
    assert of_image | of_compose | of_units <= known


def test_the_image_runs_as_an_ordinary_user_and_knows_all_our_packages() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"(?m)^USER 10001:10001$", dockerfile)
    assert not re.search(r"(?i)(SECRET|PASSWORD|TOKEN)\w*=", dockerfile)
    copied = set(re.findall(r"(?m)^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text()))
    packages = {file.parent.name for file in ROOT.glob("*/apps.py")}
    assert packages | {"manage.py", "requirements.txt", "templates"} <= copied


@pytest.mark.parametrize("name", ["web", "worker", "beat", "migrate", "backup"])
def test_no_container_may_more_than_it_needs(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    if name in {"web", "worker", "beat"}:
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("file", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda file: file.name)
def test_every_unit_is_hardened(file: Path) -> None:
    unit = _unit(file.name)
    assert unit["User"] == ["billing"]
    for setting in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "RestrictNamespaces", "LockPersonality"):
        assert unit[setting] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["CapabilityBoundingSet"] == [""]
    if "backup" not in file.name:
        assert unit["Restart"] == ["always"]


# --- alert rules ------------------------------------------------------------------------------------------------------


def _sections() -> set[str]:
    text = (ROOT / "docs" / "operations.md").read_text().partition("## Alerts\n")[2].partition("\n## ")[0]
    return set(re.findall(r"(?m)^### (\w+)$", text))


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    assert {rule["alert"] for rule in RULES} == _sections()
    assert len(RULES) == len(_sections())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_looks_at_a_metric_that_we_have(rule: dict[str, Any]) -> None:
    code = "".join(file.read_text() for file in python_files("billing_platform", "payments"))
    named = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\b(billing_\w+|up)\b", rule["expr"])}
    assert named
    assert not {name for name in named - {"up"} if f'"{name}"' not in code}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
