"""Encrypt stored secrets with the newest key, so that the older ones can leave ENCRYPTION_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from payments.services.gateway_accounts import seal_anew


class Command(BaseCommand):
    help = "Encrypt the secrets in the database with the first of ENCRYPTION_KEYS. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = seal_anew()
        self.stdout.write(f"{accounts} Razorpay account{'' if accounts == 1 else 's'}: encrypted with the newest key.")
