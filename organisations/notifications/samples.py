"""Each kind of e-mail for people: when it is sent, and what it looks like with a sample. No rows are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from django.db import transaction

from billing_platform.lib.errors import DomainError
from billing_platform.lib.registry import Registry
from organisations.models import BillingEntity, Notification
from organisations.notifications.branding import Brand, brand_of_seller, logo_of
from organisations.notifications.kinds import Audience, Kind
from organisations.notifications.outbox import wake_sender
from organisations.notifications.rendering import Language, Letter, in_language, render_letter

Samples = Mapping[str, Mapping[str, Any]]
"""The context of a letter by its kind."""


@dataclass(frozen=True)
class Explained:
    """An app's kinds of e-mails for people: when each is sent, in a sentence, and what it looks like."""

    when: Mapping[str, str]
    samples: Callable[[Brand], Samples]
    """It is asked while the letter's language is in force."""


EXPLAINED: Registry[Explained] = Registry()


def sent_when(kind: Kind) -> str:
    """Raises LookupError for a kind that no app explains."""
    return _explained(kind).when[kind.name]


def _explained(kind: Kind) -> Explained:
    for each in EXPLAINED:
        if kind.name in each.when:
            return each
    raise LookupError(f"No app says when the e-mail {kind.name} is sent.")


def sample_letter(kind: Kind, *, brand: Brand, language: str) -> Letter:
    """The kind's letter of a seller with this look; English where no customer reads it. Raises LookupError for a kind
    without a sample."""
    if kind.audience is not Audience.CUSTOMER:
        language = Language.ENGLISH
    with in_language(language):
        context = _explained(kind).samples(brand)[kind.name]
    return render_letter(kind.template, {"brand": brand, **context, "is_sample": True}, language=language)


@transaction.atomic
def send_sample(kind: Kind, *, seller: BillingEntity, language: str, to: str) -> Notification:
    """Mail a sample to the person who asks for it. Raises DomainError NO_ADDRESS for a person without an address."""
    if not to:
        raise DomainError("Your user has no e-mail address: write one on your page first.", code="NO_ADDRESS")
    brand = brand_of_seller(seller)
    letter = sample_letter(kind, brand=brand, language=language)
    sent: Notification = Notification.objects.create(
        organisation=None,
        kind=kind.name,
        dedupe_key=f"sample:{kind.name}:{uuid4()}",
        recipients=[to],
        sender=seller.email,
        subject=f"Sample: {letter.subject}"[:255],
        text=f"Sample: nobody has to pay or do anything.\n\n{letter.text}",
        html=letter.html,
        attachments=[asdict(each) for each in logo_of(brand, seller.logo)],
    )
    wake_sender(sent)
    return sent
