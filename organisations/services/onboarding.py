"""Create and change customers and their projects, with the checks that concern more than one field."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.customer_changes import Consequence, consequences_of
from organisations.models import BillingEntity, Organisation, Project, TestClock


@transaction.atomic
def create_organisation(**fields: Any) -> Organisation:
    """Create a customer. Slug, legal name and seller get defaults if they are not given.

    Raises InvalidInput with the name of the field, and ValidationError from the checks of the model.
    """
    fields["slug"] = fields.get("slug") or _free_slug(str(fields.get("name", "")))
    fields["legal_name"] = fields.get("legal_name") or fields.get("name", "")
    fields["billing_entity"] = fields.get("billing_entity") or default_billing_entity()
    organisation = Organisation(**fields)
    organisation.full_clean()
    organisation.save()
    if organisation.is_test:
        TestClock.begin(organisation)
    return organisation


@transaction.atomic
def update_organisation(*, organisation: Organisation, confirm: bool = False, **changes: Any) -> Organisation:
    """Change a customer. Issued invoices keep the details that they were issued with.

    Raises DomainError with the code of a refused change (such as CURRENCY_FIXED), and DomainError CONFIRMATION_NEEDED
    for a change with consequences, unless `confirm` is true.
    """
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update())
    before = copy(organisation)
    for name, value in changes.items():
        setattr(organisation, name, value)
    organisation.full_clean()
    if organisation.gstin != before.gstin and organisation.gstin_checked_on == before.gstin_checked_on:
        organisation.gstin_checked_on = None  # nobody has looked up this one
    _check_consequences(consequences_of(before, organisation), confirm=confirm)
    organisation.save()
    return organisation


def _check_consequences(found: list[Consequence], *, confirm: bool) -> None:
    for each in found:
        if each.code == InvalidInput.code:
            raise InvalidInput.field(each.field, each.sentence)
        if each.code:
            raise DomainError(each.sentence, code=each.code, details={each.field: [each.sentence]})
    if found and not confirm:
        sentences = " ".join(each.sentence for each in found)
        raise DomainError(
            f"{sentences} Send “confirm”: true to make the change.",
            code="CONFIRMATION_NEEDED",
            details={each.field: [each.sentence] for each in found},
        )


@transaction.atomic
def create_project(
    *, organisation: Organisation, name: str, mode: str = Project.Mode.LIVE, is_active: bool = True
) -> Project:
    """Create a project, live or test. Raises InvalidInput if the organisation has a project of that name."""
    project = Project(organisation=organisation, name=name.strip(), mode=mode, is_active=is_active)
    _save_project(project)
    return project


@transaction.atomic
def update_project(*, project: Project, **changes: Any) -> Project:
    """Rename a project, switch it on or off, or change its mode, as long as the project has no keys.

    Raises InvalidInput if the organisation has a project of that name, or if a project with keys would change its mode.
    """
    project.refresh_from_db(from_queryset=Project.objects.select_for_update())
    if changes.get("mode", project.mode) != project.mode and project.api_keys.exists():
        raise InvalidInput.field(
            "mode",
            f"The project has keys, so it stays {project.mode}: create another project for {changes['mode']} usage.",
        )
    for name, value in changes.items():
        setattr(project, name, value)
    _save_project(project)
    return project


def _save_project(project: Project) -> None:
    project.full_clean()
    project.save()


def default_billing_entity() -> BillingEntity:
    """The default seller. Raises InvalidInput if no seller is marked as default."""
    entity = BillingEntity.objects.filter(is_default=True).first()
    if entity is None:
        raise InvalidInput.field("billing_entity", "Name a billing entity, or mark a billing entity as the default.")
    return entity


def _free_slug(name: str) -> str:
    """A slug that no organisation has. A second transaction that wants the same slug waits for this one to commit."""
    base = slugify(name)[:50].strip("-_") or "organisation"
    advisory_lock(LockSpace.SLUG, base)
    taken = set(Organisation.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return base if base not in taken else next(f"{base}-{n}" for n in range(2, 10_000) if f"{base}-{n}" not in taken)
