"""Which mandate an invoice is collected by, and why it is not."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_noop

from billing_platform.lib import clock, law
from billing_platform.lib.errors import DomainError
from billing_platform.lib.number_formats import format_money
from invoicing.models import Invoice
from organisations.models import BillingHold, Organisation
from payments.errors import NotChargeable
from payments.models import AutoCollect, Mandate, MandateCharge, Payment
from payments.selectors import account_in_use, can_collect, why_not_collectable
from payments.services.dunning.quiet import standing_pause

Status = Mandate.Status


def is_switched_on(organisation: Organisation) -> bool:
    return not AutoCollect.objects.filter(organisation=organisation, is_on=False).exists()


def mandate_for(invoice: Invoice) -> Mandate | None:
    """The newest confirmed mandate of the invoice's customer at the account that the invoice's seller uses now."""
    confirmed = Mandate.objects.filter(
        account__organisation=invoice.organisation_id,
        account__billing_entity=invoice.billing_entity_id,
        account__gateway_account=account_in_use(invoice.billing_entity_id),
        status=Status.CONFIRMED,
        cancel_requested_at__isnull=True,
        expires_at__gt=clock.now(),
    )
    found: Mandate | None = confirmed.select_related("account").order_by("-confirmed_at").first()
    return found


def most_without_factor(mandate: Mandate) -> Decimal | None:
    """The most that one debit may take without the payer's approval, in rupees. None: no such limit (NACH)."""
    if mandate.method == Mandate.Method.EMANDATE:
        return None
    return law.in_force(law.DEBIT_WITHOUT_FACTOR_UP_TO, clock.today(law.INDIAN_TIME))


def why_over_the_limit(amount: Decimal, mandate: Mandate) -> NotChargeable | None:
    """Why a debit of this amount (rupees) is not possible; None if it is."""
    if amount > mandate.max_amount:
        most = format_money(mandate.max_amount, law.RUPEES)
        return NotChargeable(f"The mandate allows debits of at most {most}.", code="MANDATE_LIMIT")
    most_alone = most_without_factor(mandate)
    if most_alone is not None and amount > most_alone:
        text = f"Above {format_money(most_alone, law.RUPEES)} RBI wants the payer to approve each debit."
        return NotChargeable(text, code="DEBIT_NEEDS_APPROVAL")
    return None


def is_being_paid(invoice: Invoice) -> bool:
    """A payment of it is on its way through another request than a debit."""
    under_way = [Payment.Status.CREATED, Payment.Status.AUTHORIZED]
    return Payment.objects.filter(invoice=invoice, status__in=under_way).exists()


def why_not_chargeable(invoice: Invoice, mandate: Mandate | None, *, by_hand: bool = False) -> DomainError | None:
    """Why an invoice can't be collected by this mandate now; None if it can. `by_hand`: an operator decides, whom
    neither the switch nor a hold stops."""
    known = why_not_collectable(invoice)
    if known is not None:
        return known
    if mandate is None:
        return NotChargeable("The customer has no confirmed mandate.", code="MANDATE_MISSING")
    held_back = why_not_by_itself(invoice) if not by_hand else None
    if held_back is not None:
        return held_back
    if _is_held(invoice, BillingHold.Kind.NO_EMAIL):
        text = "Nothing is e-mailed to the customer for now, so no debit can be announced."
        return NotChargeable(text, code="NO_NOTICE_POSSIBLE")
    if invoice.currency != law.RUPEES:
        return NotChargeable("Mandates are debited in rupees only.", code="MANDATE_CURRENCY")
    if MandateCharge.objects.live().filter(invoice=invoice).exists():
        return NotChargeable("A debit for this invoice is announced or under way.", code="CHARGE_IN_PROGRESS")
    if is_being_paid(invoice):
        return NotChargeable("A payment of this invoice is being confirmed.", code="PAYMENT_IN_PROGRESS")
    if mandate.method == Mandate.Method.UPI and _upi_debits(invoice) >= most_upi_debits():
        text = f"UPI takes {most_upi_debits()} debits for one invoice at most, and all were made."
        return NotChargeable(text, code="UPI_TRIES_USED_UP")
    return why_over_the_limit(invoice.amount_due, mandate)


def why_not_by_itself(invoice: Invoice) -> NotChargeable | None:
    """What keeps us from debiting by ourselves; a person may all the same. None if nothing does."""
    if not is_switched_on(invoice.organisation):
        return NotChargeable(gettext_noop("Auto-collect is switched off for the customer."), code="AUTO_COLLECT_OFF")
    if _is_held(invoice, BillingHold.Kind.NO_COLLECTION):
        return NotChargeable("The customer is on hold: nobody collects.", code="ON_HOLD")
    pause = standing_pause(invoice)
    return NotChargeable(pause.sentence, code="COLLECTION_PAUSED") if pause else None


def most_upi_debits() -> int:
    return law.in_force(law.UPI_DEBITS, clock.today(law.INDIAN_TIME))


def _upi_debits(invoice: Invoice) -> int:
    """How often UPI was asked for an invoice."""
    asked = MandateCharge.objects.filter(invoice=invoice, asked_at__isnull=False)
    count: int = asked.filter(mandate__method=Mandate.Method.UPI).count()
    return count


def _is_held(invoice: Invoice, kind: str) -> bool:
    return any(hold.kind == kind for hold in invoice.organisation.standing_holds)


def waiting_mandate(organisation: Organisation) -> Mandate | None:
    """What the customer was asked for and has not answered."""
    found: Mandate | None = Mandate.objects.waiting_for_the_payer().filter(account__organisation=organisation).first()
    return found


def may_ask_for_mandate(invoice: Invoice) -> bool:
    """Whether the customer of an invoice may set up a mandate: in rupees, and if none stands."""
    standing = [Status.CONFIRMED, Status.PAUSED]
    mandates = Mandate.objects.filter(account__organisation=invoice.organisation_id, status__in=standing)
    is_possible = (
        can_collect(invoice.billing_entity_id)
        and invoice.currency == law.RUPEES
        and invoice.status != Invoice.Status.VOID
    )
    return is_possible and not mandates.filter(account__billing_entity=invoice.billing_entity_id).exists()
