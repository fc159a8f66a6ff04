"""What a new installation needs to prove what it counted."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.set_up import Stage, Step, step
from reconciliation.models import DailyStatement


def steps() -> Iterator[Step]:
    yield step(
        Stage.MACHINE,
        "Signing key",
        is_done=bool(settings.PROOF_SIGNING_KEY),
        done="Daily statements are signed.",
        missing="Without a key no day is stated. Run “manage.py proof_key”, and set PROOF_SIGNING_KEY.",
        button="Daily statements",
        url=list_address(DailyStatement),
    )
