"""What a seller's bank lines may pay: facts of many lines and open invoices, handed to the pure matcher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from invoicing.models import Invoice
from payments.banking.matching import Credit, Customer, DueInvoice, Proposal, Receivable, propose
from payments.banking.narrations import name_words
from payments.models import BankLine
from payments.services.banking.cheques import cheques_of
from payments.services.banking.payouts import reads_like_a_payout
from payments.services.withheld_tax import value_without_gst


def proposals_for(lines: Iterable[BankLine]) -> dict[UUID, list[Proposal]]:
    """By line, the best proposal first; none for lines that do not wait, that are a cheque's money, or
    that read like a payout. Few queries for each seller and currency."""
    by_account: dict[tuple[UUID, str], list[BankLine]] = defaultdict(list)
    asked = list(lines)
    cheques = cheques_of(asked)
    for line in asked:
        if line.is_waiting and line.pk not in cheques and not reads_like_a_payout(line):
            by_account[line.billing_entity_id, line.currency].append(line)
    found: dict[UUID, list[Proposal]] = {}
    for (seller_id, currency), rows in by_account.items():
        owed = _owed(seller_id, currency)
        payers = _remembered(seller_id, {line.payer for line in rows} - {""})
        for line in rows:
            credit = Credit(
                day=line.day,
                amount=line.amount,
                currency=currency,
                text=f"{line.narration} {line.reference}",
                remembered=payers.get(line.payer, frozenset()),
            )
            found[line.pk] = propose(credit, owed)
    return found


def _owed(seller_id: UUID, currency: str) -> Receivable:
    rows = Invoice.objects.collectable().filter(billing_entity=seller_id, currency=currency)
    invoices = list(rows.select_related("organisation"))
    customers = {each.organisation_id: each.organisation for each in invoices}
    return Receivable(
        invoices=[
            DueInvoice(
                id=each.pk,
                number=each.number,
                customer_id=each.organisation_id,
                due=each.amount_due,
                taxable=value_without_gst(each, each.amount_due),
                due_date=each.due_date or each.issue_date,
            )
            for each in invoices
        ],
        customers={
            pk: Customer(pk, each.name, (name_words(each.name), name_words(each.legal_name)))
            for pk, each in customers.items()
        },
    )


def _remembered(seller_id: UUID, payers: set[str]) -> dict[str, frozenset[UUID]]:
    """The customers whose lines had the same payer before, where an operator booked them."""
    rows = BankLine.objects.recorded().filter(billing_entity=seller_id, payer__in=payers)
    known: dict[str, set[UUID]] = defaultdict(set)
    for payer, organisation_id in rows.order_by().values_list("payer", "payment__organisation").distinct():
        known[payer].add(organisation_id)
    return {payer: frozenset(ids) for payer, ids in known.items()}
