"""Create and change customers and their projects, with the checks that one field alone can't make."""

from __future__ import annotations

from copy import copy
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.customer_changes import Consequence, consequences_of
from organisations.models import BillingEntity, Organisation, Project


@transaction.atomic
def create_organisation(**fields: Any) -> Organisation:
    """A new customer; slug, legal name and seller are filled in when they are not given.

    Raises InvalidInput naming the field, and ValidationError for what the model itself checks.
    """
    fields["slug"] = fields.get("slug") or _free_slug(str(fields.get("name", "")))
    fields["legal_name"] = fields.get("legal_name") or fields.get("name", "")
    fields["billing_entity"] = fields.get("billing_entity") or default_billing_entity()
    organisation = Organisation(**fields)
    organisation.full_clean()
    organisation.save()
    return organisation


@transaction.atomic
def update_organisation(*, organisation: Organisation, confirm: bool = False, **changes: Any) -> Organisation:
    """Change a customer's details. Issued invoices keep what they were issued with.

    Raises DomainError with the code of a change that is refused (CURRENCY_FIXED), and CONFIRMATION_NEEDED for one with
    consequences, unless `confirm` says that they are wanted.
    """
    organisation.refresh_from_db(from_queryset=Organisation.objects.select_for_update())
    before = copy(organisation)
    for name, value in changes.items():
        setattr(organisation, name, value)
    organisation.full_clean()
    _check_consequences(consequences_of(before, organisation), confirm=confirm)
    organisation.save()
    return organisation


def _check_consequences(found: list[Consequence], *, confirm: bool) -> None:
    for each in found:
        if each.code:
            raise DomainError(each.sentence, code=each.code, details={each.field: [each.sentence]})
    if found and not confirm:
        sentences = " ".join(each.sentence for each in found)
        raise DomainError(
            f"{sentences} Send “confirm”: true to go on.",
            code="CONFIRMATION_NEEDED",
            details={each.field: [each.sentence] for each in found},
        )


@transaction.atomic
def create_project(*, organisation: Organisation, name: str, mode: str = Project.Mode.LIVE) -> Project:
    """A new project, live or test. Raises InvalidInput when the organisation has one of that name."""
    project = Project(organisation=organisation, name=name.strip(), mode=mode)
    _save_project(project)
    return project


@transaction.atomic
def update_project(*, project: Project, **changes: Any) -> Project:
    """Rename a project, or switch it off; change its mode while it has no key, and so no usage.

    Raises InvalidInput when the organisation has one of that name, and for another mode of a project with keys.
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
    """The seller of organisations that name none. Raises InvalidInput when no seller is marked as default."""
    entity = BillingEntity.objects.filter(is_default=True).first()
    if entity is None:
        raise InvalidInput.field("billing_entity", "Name a billing entity, or mark one as the default.")
    return entity


def _free_slug(name: str) -> str:
    """A slug that nobody has. Whoever looks for the same one at once waits until this one is committed."""
    base = slugify(name)[:50].strip("-_") or "organisation"
    advisory_lock(LockSpace.SLUG, base)
    taken = set(Organisation.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return base if base not in taken else next(f"{base}-{n}" for n in range(2, 10_000) if f"{base}-{n}" not in taken)
