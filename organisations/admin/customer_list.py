"""Customers and their projects as a file: out and back without a change; each row checked as the form checks what a
person types; all rows or none.

A row is one customer, known again by its short name. An empty cell leaves what is there. Projects are added by name,
never renamed or removed; keys are never made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing_platform.lib.admin.list_import import Outcome, Report, RowReport
from billing_platform.lib.database.constraints import refusal_of
from billing_platform.lib.errors import DomainError, quoted
from billing_platform.lib.http.table_files import LINE, Rows, read_rows
from organisations.models import BillingEntity, Organisation, Project
from organisations.services import onboarding

KEY, SELLER = "customer", "seller"
TEXTS = (
    "name",
    "legal_name",
    "billing_email",
    "currency",
    "time_zone",
    "country",
    "state_code",
    "gstin",
    "tax_id",
    "address_line1",
    "address_line2",
    "city",
    "postal_code",
    "purchase_order",
)
TRUTHS = ("is_sez", "strict_metrics", "is_active")
NUMBERS = ("payment_terms_days",)
PROJECTS = {"projects": Project.Mode.LIVE, "test_projects": Project.Mode.TEST}
COLUMNS = (KEY, SELLER, *TEXTS, *NUMBERS, *TRUTHS, *PROJECTS)
NEEDED = (KEY,)
MOST_ROWS = 1000
HINT = "An export of the customers shows how a file looks."
_CAPITALS = frozenset({"currency", "country", "gstin"})
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_COLUMN_OF = {"slug": KEY, "billing_entity": SELLER}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a row says: values by field, and names of projects by mode."""

    slug: str
    values: Mapping[str, Any]
    projects: Mapping[str, tuple[str, ...]]


class _Undone(Exception):
    """Everything was checked, and nothing is stored."""


def read_file(name: str, content: bytes) -> Rows:
    """The rows of a file by column, with their line numbers. Raises InvalidInput at `file`."""
    return read_rows(name, content, columns=COLUMNS, needed=NEEDED, most_rows=MOST_ROWS, hint=HINT)


def import_customers(rows: Rows, *, confirm: bool, dry_run: bool) -> Report:
    """Add and change customers and their projects, all rows or none. A dry run does the same, and stores nothing.

    `confirm`: changes that have consequences are wanted.
    """
    reports: list[RowReport] = []
    try:
        with transaction.atomic():
            reports = _import_all(rows, confirm=confirm)
            if dry_run or any(report.outcome == Outcome.REFUSED for report in reports):
                raise _Undone
    except _Undone:
        pass
    return Report(tuple(reports))


def cells_of(customers: Iterable[Organisation]) -> Iterator[list[Any]]:
    """The header, and a row for each customer. `projects` are prefetched."""
    yield list(COLUMNS)
    for each in customers:
        found = list(each.projects.all())
        yield [
            each.slug,
            each.billing_entity.name,
            *(getattr(each, name) for name in (*TEXTS, *NUMBERS)),
            *("yes" if getattr(each, name) else "no" for name in TRUTHS),
            *(
                "; ".join(sorted(project.name for project in found if project.mode == mode))
                for mode in PROJECTS.values()
            ),
        ]


def _import_all(rows: Rows, *, confirm: bool) -> list[RowReport]:
    sellers = {entity.name.casefold(): entity for entity in BillingEntity.objects.all()}
    slugs = {row[KEY].lower() for row in rows}
    known = Organisation.objects.select_related("billing_entity").prefetch_related("projects")
    customers = {each.slug: each for each in known.filter(slug__in=slugs)}
    seen: dict[str, int] = {}
    reports = []
    for row in rows:
        line, slug = int(row[LINE]), row[KEY].lower()
        wanted, problems = _read(row, slug, sellers)
        about = customers[slug].name if slug in customers else row["name"] or slug
        if slug in seen:
            problems.append(f"{KEY}: Row {seen[slug]} is of this customer, too.")
            reports.append(RowReport(line, about, Outcome.REFUSED, problems=tuple(problems)))
            continue
        seen[slug] = line
        found = _import_one(line, about, customers.get(slug), wanted, confirm=confirm)
        if problems:  # with what else is wrong; nothing of the file is stored
            found = RowReport(line, about, Outcome.REFUSED, problems=(*problems, *found.problems))
        reports.append(found)
    return reports


def _import_one(line: int, about: str, customer: Organisation | None, wanted: _Wanted, *, confirm: bool) -> RowReport:
    try:
        with transaction.atomic():
            if customer is None:
                customer = onboarding.create_organisation(slug=wanted.slug, **wanted.values)
                made = _add_projects(customer, wanted, known={})
                return RowReport(line, about, Outcome.ADDED, after="; ".join([f"Customer {wanted.slug}", *made]))
            return _change(line, about, customer, wanted, confirm=confirm)
    except (ValidationError, DomainError, IntegrityError) as error:
        return RowReport(line, about, Outcome.REFUSED, problems=_sentences(error))


def _change(line: int, about: str, customer: Organisation, wanted: _Wanted, *, confirm: bool) -> RowReport:
    changes = {name: value for name, value in wanted.values.items() if getattr(customer, name) != value}
    before = [f"{_COLUMN_OF.get(name, name)}: {_shown(getattr(customer, name))}" for name in changes]
    known = {project.name: project for project in customer.projects.all()}
    if changes:
        customer = onboarding.update_organisation(organisation=customer, confirm=confirm, **changes)
    after = [f"{_COLUMN_OF.get(name, name)}: {_shown(getattr(customer, name))}" for name in changes]
    after += _add_projects(customer, wanted, known=known)
    if not after:
        return RowReport(line, about, Outcome.UNCHANGED)
    return RowReport(line, about, Outcome.CHANGED, after="; ".join(after), before="; ".join(before))


def _add_projects(customer: Organisation, wanted: _Wanted, *, known: Mapping[str, Project]) -> list[str]:
    made = []
    for mode, names in wanted.projects.items():
        for name in names:
            there = known.get(name)
            if there is None:
                onboarding.create_project(organisation=customer, name=name, mode=mode)
                made.append(f"{Project.Mode(mode).label.lower()} project “{name}”")
            elif there.mode != mode:
                column = next(column for column, its in PROJECTS.items() if its == mode)
                raise ValidationError({column: [f"The project {quoted(name)} is {there.mode}."]})
    return made


def _read(row: dict[str, str], slug: str, sellers: Mapping[str, BillingEntity]) -> tuple[_Wanted, list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = [] if slug else [f"{KEY}: Write the customer's short name, such as acme."]
    for name in TEXTS:
        if row[name]:
            values[name] = row[name].upper() if name in _CAPITALS else row[name]
    _read_each(row, TRUTHS, _truth, values, problems)
    _read_each(row, NUMBERS, _number, values, problems)
    if row[SELLER]:
        seller = sellers.get(row[SELLER].casefold())
        if seller is None:
            problems.append(f"{SELLER}: There is no seller {quoted(row[SELLER])}.")
        else:
            values["billing_entity"] = seller
    projects = {mode.value: tuple(_names(row[column])) for column, mode in PROJECTS.items()}
    return _Wanted(slug, values, projects), problems


def _read_each(
    row: dict[str, str],
    names: Iterable[str],
    read: Callable[[str], Any],
    values: dict[str, Any],
    problems: list[str],
) -> None:
    for name in names:
        if row[name]:
            try:
                values[name] = read(row[name])
            except ValueError as error:
                problems.append(f"{name}: {error}")


def _truth(cell: str) -> bool:
    found = _WORDS.get(cell.lower())
    if found is None:
        raise ValueError("Write yes or no.")
    return found


def _number(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 6):
        raise ValueError(f"{quoted(cell)} is no whole number.")
    return int(cell)


def _names(cell: str) -> Iterator[str]:
    yield from dict.fromkeys(name.strip() for name in cell.split(";") if name.strip())


def _shown(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value) or "(empty)"


def _sentences(error: Exception) -> tuple[str, ...]:
    """With the column before each, where there is one."""
    if isinstance(error, IntegrityError):
        refusal = refusal_of(error)
        if refusal is None:
            raise error
        error = refusal
    named: Mapping[str, Any] = {}
    if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
        named = error.message_dict
    elif isinstance(error, DomainError):
        named = {name: found for name, found in error.details.items() if isinstance(found, list)}
    if not named:
        return tuple(getattr(error, "messages", [])) or (str(error),)
    return tuple(
        sentence if name == "__all__" else f"{_COLUMN_OF.get(name, name)}: {sentence}"
        for name, sentences in named.items()
        for sentence in sentences
    )
