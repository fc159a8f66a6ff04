"""Make the statements of all days that are over and have none, as the daily job does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing_platform.lib.errors import DomainError
from reconciliation.services.stating import state_days


class Command(BaseCommand):
    help = "Make the statements of the days that are over. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = state_days()
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"Statements made: {len(made):,}." if made else "Every day that is over has its statement.")
