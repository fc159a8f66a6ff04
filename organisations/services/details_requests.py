"""A customer asks for its details to be changed; a person approves, and the customer is changed, or rejects."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound, quoted
from billing_platform.lib.gst import GstError, state_name, validate_gstin
from organisations.customer_changes import consequences_of, notices_of
from organisations.models import DetailsRequest, Organisation
from organisations.models.details_request import PARTY_FIELDS
from organisations.notifications.branding import brand_of_seller, logo_of
from organisations.notifications.outbox import queue_email
from organisations.notifications.recipients import distinct, recipients
from organisations.services import onboarding

Status, Subject = DetailsRequest.Status, DetailsRequest.Subject
FIELDS = {Subject.PARTY: PARTY_FIELDS, Subject.EMAIL: ("billing_email",)}
"""What may be asked for, by what the request is about."""
DECIDED = "details_request_decided"
LABELS = {
    "legal_name": gettext_noop("Legal name"),
    "gstin": gettext_noop("GSTIN"),
    "address_line1": gettext_noop("Address line 1"),
    "address_line2": gettext_noop("Address line 2"),
    "city": gettext_noop("City"),
    "postal_code": gettext_noop("PIN or postal code"),
    "state_code": gettext_noop("State"),
    "billing_email": gettext_noop("Billing e-mail"),
}
"""What people call the fields."""


@transaction.atomic
def ask_for_details(
    *, organisation: Organisation, subject: str, proposed: Mapping[str, str], asked_by: str, note: str = ""
) -> DetailsRequest:
    """Store what the customer proposes, as far as it differs. With a GSTIN of another State goes that State.

    Raises DomainError REQUEST_OPEN while one about the same waits, InvalidInput for nothing new or a field that nobody
    may ask for, and ValidationError for what the customer's form would refuse.
    """
    before = _locked(organisation.pk)
    if DetailsRequest.objects.to_decide().filter(organisation=before, subject=subject).exists():
        raise DomainError("We are still looking at your last request: wait for our answer.", code="REQUEST_OPEN")
    after = _as_proposed(before, subject, proposed)
    names = [name for name in FIELDS[Subject(subject)] if getattr(after, name) != getattr(before, name)]
    if not names:
        raise InvalidInput("This is what we have on record already: nothing would change.")
    request = DetailsRequest(
        organisation=before,
        subject=subject,
        proposed={name: getattr(after, name) for name in names},
        before={name: getattr(before, name) for name in names},
        note=note.strip(),
        asked_by=asked_by[:200],
    )
    request.full_clean()
    request.save()
    return request


@transaction.atomic
def approve_details(*, request_id: UUID, decided_by: str, confirm: bool = False) -> DetailsRequest:
    """Change the customer as it asked, and mail it, to the old address and the new one.

    Raises NotFound, DomainError REQUEST_DECIDED, and what `update_organisation` raises: CONFIRMATION_NEEDED too, unless
    `confirm` is true.
    """
    request = _locked_request(request_id)
    organisation = request.organisation
    told = recipients(organisation, DECIDED)
    onboarding.update_organisation(organisation=organisation, confirm=confirm, **request.proposed)
    _decide(request, Status.APPROVED, decided_by)
    _tell(request, distinct([*told, *recipients(organisation, DECIDED)]))
    return request


@transaction.atomic
def reject_details(*, request_id: UUID, decided_by: str, reason: str) -> DetailsRequest:
    """Nothing changes; the customer is mailed the reason. Raises NotFound, InvalidInput, REQUEST_DECIDED."""
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why: the customer reads it.")
    request = _locked_request(request_id)
    request.reason = reason.strip()
    _decide(request, Status.REJECTED, decided_by)
    _tell(request, recipients(request.organisation, DECIDED))
    return request


def outlook(request: DetailsRequest) -> tuple[list[str], list[str]]:
    """What approving would do: sentences that have to be confirmed or refuse it, and sentences to know."""
    before = request.organisation
    after = copy(before)
    for name, value in request.proposed.items():
        setattr(after, name, value)
    return [each.sentence for each in consequences_of(before, after)], notices_of(before, after)


def sorted_values(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """In the order in which people read them: JSON keeps none."""
    return [(name, values[name]) for name in LABELS if name in values]


def shown(name: str, value: str) -> str:
    """A State by its name too."""
    return f"{value} {state_name(value)}" if name == "state_code" and value else value


def _as_proposed(before: Organisation, subject: str, proposed: Mapping[str, str]) -> Organisation:
    """The customer with the new values, checked as its own form checks them."""
    if subject not in Subject.values:
        raise InvalidInput.field("subject", f"{quoted(subject)} is nothing that can be asked for.")
    after = copy(before)
    for name, value in proposed.items():
        if name not in FIELDS[Subject(subject)]:
            raise InvalidInput.field(name, "This is nothing that can be asked for.")
        setattr(after, name, value.strip())
    if after.gstin and after.gstin != before.gstin:
        try:
            after.state_code = validate_gstin(after.gstin.upper()).state_code
        except GstError as error:
            raise InvalidInput.field("gstin", str(error)) from error
    if not after.legal_name:
        raise InvalidInput.field("legal_name", "The name stands on each invoice: it can't be empty.")
    after.full_clean()
    return after


def _decide(request: DetailsRequest, status: str, decided_by: str) -> None:
    request.status, request.decided_at, request.decided_by = status, clock.now(), decided_by[:200]
    request.full_clean()
    request.save(update_fields=["status", "reason", "decided_at", "decided_by", "updated_at"])


def _tell(request: DetailsRequest, to: list[str]) -> None:
    organisation = request.organisation
    seller = organisation.billing_entity
    brand = brand_of_seller(seller)
    queue_email(
        organisation=organisation,
        kind=DECIDED,
        dedupe_key=f"{DECIDED}:{request.pk}",
        recipients=to,
        sender=seller.email,
        context={
            "customer": organisation.name,
            "is_approved": request.status == Status.APPROVED,
            "rows": [(LABELS[name], shown(name, value) or "—") for name, value in sorted_values(request.proposed)],
            "reason": request.reason,
            "brand": brand,
        },
        attachments=logo_of(brand, seller.logo),
    )


def _locked(organisation_id: UUID) -> Organisation:
    rows = Organisation.objects.select_for_update(of=("self",)).select_related("billing_entity")
    found: Organisation = rows.get(pk=organisation_id)
    return found


def _locked_request(request_id: UUID) -> DetailsRequest:
    """After its customer, whom the decision may change: of two people who decide, the second one is refused."""
    owner: Any = DetailsRequest.objects.filter(pk=request_id).values_list("organisation_id", flat=True).first()
    if owner is None:
        raise NotFound("There is no such request.")
    organisation = _locked(owner)
    request: DetailsRequest = DetailsRequest.objects.select_for_update().get(pk=request_id)
    if not request.is_open:
        said = request.get_status_display().lower()
        raise DomainError(f"The request is {said} already, by {request.decided_by}.", code="REQUEST_DECIDED")
    request.organisation = organisation
    return request
