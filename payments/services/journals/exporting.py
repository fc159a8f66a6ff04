"""One export: what it would hold, and the batch that holds it for good."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO
from organisations.models import BillingEntity
from payments.accounts.vouchers import LedgerRole, MissingLedger, UnbalancedVoucher, Voucher
from payments.models import JournalBatch, JournalFile, JournalItem
from payments.services.journals.books import Books, NotInRupees, Waiting, books_of
from payments.services.journals.files import packed, particulars, tally_files, zoho_files
from payments.services.journals.waiting import fees_to_come, has_no_import, waiting

MOST_VOUCHERS = 20_000
"""An export is made while somebody waits for the answer."""
_AT_ONCE = 1_000  # rows that go to the database at a time


@dataclass
class Journal:
    """What an export would hold, as far as it was read. While there are `obstacles`, it can't be made."""

    books: Books
    counts: Counter[JournalItem.Kind] = field(default_factory=Counter)
    by_ledger: dict[str, Decimal] = field(default_factory=dict)
    """Credits less debits of each ledger; all customers together under ""."""
    debit_total: Decimal = ZERO
    parties: dict[str, Any] = field(default_factory=dict)
    """The particulars of each customer whose ledger is touched, as JSON: by id, in order of first appearance."""
    by_hand: int = 0
    missing: list[tuple[LedgerRole, str]] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    fees_to_come: int = 0

    @property
    def voucher_count(self) -> int:
        return self.counts.total()

    def read(self) -> Iterator[tuple[Waiting, Voucher]]:
        """Each voucher, once and then let go: an export of any length needs little memory."""
        missing: dict[tuple[LedgerRole, str], None] = {}
        try:
            for each in waiting(self.books):
                if self.voucher_count >= MOST_VOUCHERS:
                    self.obstacles.append(
                        f"More than {MOST_VOUCHERS:,} vouchers wait: choose fewer days, and export the rest afterwards."
                    )
                    break
                try:
                    voucher = each.voucher(self.books.ledgers)
                except MissingLedger as error:
                    missing[error.role, error.sac] = None
                except UnbalancedVoucher as error:
                    self.obstacles.append(str(error))
                else:
                    self._note(each, voucher)
                    yield each, voucher
        except NotInRupees as error:
            self.obstacles.append(str(error))
        self.missing = list(missing)
        self.obstacles += _same_names(self.parties)
        self.fees_to_come = fees_to_come(self.books)

    def _note(self, each: Waiting, voucher: Voucher) -> None:
        self.counts[each.kind] += 1
        if each.organisation is not None:
            self.parties.setdefault(str(each.organisation.pk), particulars(each.organisation))
        self.by_hand += has_no_import(each, self.books.program)
        for entry in voucher.entries:
            ledger = "" if entry.ledger == voucher.party else entry.ledger
            self.by_ledger[ledger] = self.by_ledger.get(ledger, ZERO) + entry.amount
            self.debit_total += max(-entry.amount, ZERO)


def journal(*, seller: BillingEntity, program: str, first: date, last: date) -> Journal:
    """What an export of these days would hold now; nothing is stored. Raises InvalidInput."""
    made = _journal(seller, program, first, last)
    deque(made.read(), maxlen=0)
    return made


def _journal(seller: BillingEntity, program: str, first: date, last: date) -> Journal:
    if first > last:
        raise InvalidInput.field("last", f"Choose {day_text(first)}, the first day, or a later one.")
    return Journal(books_of(seller, program, first, last))


def _same_names(parties: dict[str, Any]) -> Iterator[str]:
    """Two customers in one ledger could not be told apart."""
    names = Counter(party["name"].casefold() for party in parties.values())
    for name, count in names.items():
        if count > 1:
            yield f"{count} customers have the ledger “{name}”: name the ledger of each on the customer's page."


def export_journal(
    *, seller: BillingEntity, program: str, first: date, last: date, exported_by: Any = None
) -> JournalBatch:
    """Write what waits into a batch. Each document and payment is in one batch of a program, whoever exports at once.

    The file stands in the database, so that there is no batch without it and nothing outside is asked under the lock.
    Raises InvalidInput, and DomainError LEDGERS_MISSING, JOURNAL_REFUSED or NOTHING_TO_EXPORT.
    """
    with transaction.atomic():
        # Two exports at once would find the same rows: the second waits, and finds what the first has left.
        seller = BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)
        made = _journal(seller, program, first, last)
        batch = JournalBatch(
            billing_entity=seller, program=program, first_day=first, last_day=last, exported_by=exported_by
        )
        items: list[JournalItem] = []
        content = packed(_files(made, _with_items(made, batch, items)))
        _refuse(made)
        batch.voucher_count, batch.debit_total, batch.parties = made.voucher_count, made.debit_total, made.parties
        batch.save(force_insert=True)
        _store(batch, content)
        JournalItem.objects.bulk_create(items, batch_size=_AT_ONCE)
    return batch


def _refuse(made: Journal) -> None:
    if made.missing:
        raise DomainError("Name the seller's ledgers first: some are missing.", code="LEDGERS_MISSING")
    if made.obstacles:
        raise DomainError(" ".join(made.obstacles), code="JOURNAL_REFUSED")
    if not made.voucher_count:
        raise DomainError("Everything of these days was exported before.", code="NOTHING_TO_EXPORT")


def _files(made: Journal, found: Iterator[tuple[Waiting, Voucher]]) -> Iterator[tuple[str, Any]]:
    seller, program = made.books.seller, made.books.program
    if program == JournalBatch.Program.ZOHO:
        return zoho_files(found, made.books.ledgers)
    known = known_parties(seller, program)
    return tally_files(found, company=seller.legal_name, parties=made.parties, known=known)


def _with_items(made: Journal, batch: JournalBatch, items: list[JournalItem]) -> Iterator[tuple[Waiting, Voucher]]:
    """What is read, as it passes into the files; `items` gets the rows that say so."""
    for each, voucher in made.read():
        items += (
            JournalItem(
                batch=batch,
                organisation=each.organisation,
                program=batch.program,
                kind=each.kind,
                subject_id=subject,
                number=voucher.number,
                day=voucher.day,
                # one receipt may book two payments: the amount stands once
                amount=-voucher.of_party if index == 0 else ZERO,
            )
            for index, subject in enumerate(each.subjects)
        )
        yield each, voucher


def _store(batch: JournalBatch, content: bytes) -> None:
    JournalFile.objects.create(
        batch=batch,
        name=f"{batch.program}-{batch.first_day.isoformat()}-{batch.last_day.isoformat()}.zip",
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def known_parties(seller: BillingEntity, program: str) -> dict[str, Any]:
    """What the books have of customers, by the earlier exports."""
    known: dict[str, Any] = {}
    earlier = JournalBatch.objects.filter(billing_entity=seller, program=program).order_by("created_at")
    for parties in earlier.values_list("parties", flat=True):
        known.update(parties)
    return known
