"""Find what is to be translated, bring it into each language's catalogue, and compile the catalogues."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing_platform.lib.catalogues import as_mo, as_po, path_of, read_catalogue, untranslated, updated

LANGUAGES = ("hi",)


class Command(BaseCommand):
    help = "Bring locale/*/LC_MESSAGES/django.po up to date and compile them. Names what has no translation."

    def handle(self, *args: Any, **options: Any) -> None:
        for language in LANGUAGES:
            catalogue = updated(read_catalogue(language))
            path = path_of(language)
            path.write_bytes(as_po(catalogue))
            path.with_suffix(".mo").write_bytes(as_mo(catalogue))
            missing = untranslated(catalogue)
            self.stdout.write(f"{language}: {len(catalogue)} messages, {len(missing)} without a translation.")
            for each in missing:
                self.stdout.write(f"  {each!r}")
