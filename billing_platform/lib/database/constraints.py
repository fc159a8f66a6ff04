"""The message when the database refuses a row: the sentence of the violated constraint, at the field it is about.

A constraint that users can violate has a `violation_error_message`; the model's `constraint_fields` names the field
that the sentence belongs to. Forms and services check the constraint when they validate. If two users write at once,
the database refuses the second, who gets the same sentence.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models

from billing_platform.lib.errors import DomainError, InvalidInput


def has_sentence(constraint: models.BaseConstraint) -> bool:
    return constraint.violation_error_message != models.BaseConstraint.default_violation_error_message


def at_fields(model: type[models.Model], error: ValidationError, exclude: Any) -> ValidationError:
    """The errors of a model's constraints, moved to the fields that they are about, if a form has these fields."""
    fields: dict[str, str] = getattr(model, "constraint_fields", {})
    places = {str(each.violation_error_message): fields.get(each.name) for each in model._meta.constraints}
    found: dict[str, list[ValidationError]] = {}
    for key, problems in error.error_dict.items():
        for problem in problems:
            field = places.get(str(problem.message)) if key == NON_FIELD_ERRORS else key
            shown = field if field and field not in (exclude or ()) else NON_FIELD_ERRORS
            found.setdefault(shown, []).append(problem)
    return ValidationError(found)


def refusal_of(error: IntegrityError) -> DomainError | None:
    """A violated constraint as InvalidInput at its field, or as a conflict; None if no user can cause it."""
    diagnosis = getattr(error.__cause__, "diag", None)
    table, name = getattr(diagnosis, "table_name", None), getattr(diagnosis, "constraint_name", None)
    model = next((each for each in apps.get_models() if each._meta.db_table == table), None)
    if model is None or not name:
        return None
    for constraint in model._meta.constraints:
        if constraint.name == name and has_sentence(constraint):
            sentence = str(constraint.violation_error_message)
            field = getattr(model, "constraint_fields", {}).get(name)
            return InvalidInput.field(field, sentence) if field else DomainError(sentence)
    for column in model._meta.local_fields:
        if column.unique and name.startswith(f"{table}_{column.column}_"):
            return InvalidInput.field(column.name, f"{_a(model)} with this {column.verbose_name} exists already.")
    return None


def _a(model: type[models.Model]) -> str:
    name = str(model._meta.verbose_name)
    return f"{'An' if name[0] in 'aeiou' else 'A'} {name}"
