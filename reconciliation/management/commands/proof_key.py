"""Make a key to sign statements with, or show the public key of the one that is set."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing_platform.lib.errors import DomainError
from reconciliation.proof.signatures import key_id_of, new_key, own_public_key, public_key_of


class Command(BaseCommand):
    help = (
        "Print a new PROOF_SIGNING_KEY and its public key; with --public that of the key that is set. Stores nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--public", action="store_true", help="the public key of the key that is set")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["public"]:
            try:
                public_key = own_public_key()
            except DomainError as error:
                raise CommandError(error.message) from None
        else:
            seed = new_key()
            public_key = public_key_of(seed)
            self.stdout.write(f"PROOF_SIGNING_KEY={seed}")
        self.stdout.write(f"public key: {public_key}")
        self.stdout.write(f"name: {key_id_of(public_key)}")
