"""One export: what it would hold, and the batch that holds it for good."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.money import ZERO
from organisations.models import BillingEntity, Organisation
from payments.accounts.vouchers import LedgerRole, MissingLedger, UnbalancedVoucher, Voucher
from payments.models import JournalBatch, JournalItem
from payments.services.journals.files import Files, packed, parties_of, tally_files, zoho_files
from payments.services.journals.waiting import Books, NotInRupees, Waiting, books_of, fees_to_come, party_name, waiting

MOST_VOUCHERS = 20_000


@dataclass
class Journal:
    """What an export would hold. While there are `obstacles`, it can't be made."""

    books: Books
    found: list[tuple[Waiting, Voucher]] = field(default_factory=list)
    missing: list[tuple[LedgerRole, str]] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    fees_to_come: int = 0

    @property
    def counts(self) -> Counter[JournalItem.Kind]:
        return Counter(each.kind for each, _ in self.found)

    @property
    def by_ledger(self) -> dict[str, Decimal]:
        """Credits less debits of each ledger; all customers together under ""."""
        sums: dict[str, Decimal] = {}
        for _, voucher in self.found:
            for entry in voucher.entries:
                ledger = "" if entry.ledger == voucher.party else entry.ledger
                sums[ledger] = sums.get(ledger, ZERO) + entry.amount
        return sums

    @property
    def debit_total(self) -> Decimal:
        return sum((-entry.amount for _, v in self.found for entry in v.entries if entry.amount < ZERO), ZERO)


def journal(*, seller: BillingEntity, program: str, first: date, last: date) -> Journal:
    """What an export of these days would hold now; nothing is stored. Raises InvalidInput."""
    if first > last:
        raise InvalidInput.field("last", f"Choose {day_text(first)}, the first day, or a later one.")
    books = books_of(seller, program, first, last)
    made = Journal(books, fees_to_come=fees_to_come(books))
    missing: dict[tuple[LedgerRole, str], None] = {}
    try:
        for each in waiting(books):
            if len(made.found) >= MOST_VOUCHERS:
                made.obstacles.append(f"More than {MOST_VOUCHERS:,} vouchers: choose fewer days.")
                break
            try:
                made.found.append((each, each.voucher(books.ledgers)))
            except MissingLedger as error:
                missing[error.role, error.sac] = None
            except UnbalancedVoucher as error:
                made.obstacles.append(str(error))
    except NotInRupees as error:
        made.obstacles.append(str(error))
    made.missing = list(missing)
    made.obstacles += _same_names(each.organisation for each, _ in made.found)
    return made


def _same_names(organisations: Iterable[Organisation]) -> Iterator[str]:
    """Two customers in one ledger could not be told apart."""
    owners: dict[str, set[UUID]] = {}
    for organisation in organisations:
        owners.setdefault(party_name(organisation).casefold(), set()).add(organisation.pk)
    for name, ids in owners.items():
        if len(ids) > 1:
            yield f"{len(ids)} customers have the ledger “{name}”: name the ledger of each on the customer's page."


def export_journal(
    *, seller: BillingEntity, program: str, first: date, last: date, exported_by: Any = None
) -> JournalBatch:
    """Write what waits into a batch. Each document and payment is in one batch of a program, whoever exports at once.

    Raises InvalidInput, and DomainError LEDGERS_MISSING, JOURNAL_REFUSED or NOTHING_TO_EXPORT.
    """
    with transaction.atomic():
        # Two exports at once would find the same rows: the second waits, and finds what the first has left.
        seller = BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)
        made = journal(seller=seller, program=program, first=first, last=last)
        _refuse(made)
        content = packed(_files(made))
        batch = JournalBatch(
            billing_entity=seller,
            program=program,
            first_day=first,
            last_day=last,
            voucher_count=len(made.found),
            debit_total=made.debit_total,
            sha256=hashlib.sha256(content).hexdigest(),
            parties=parties_of(made.found),
            exported_by=exported_by,
        )
        name = f"journals/{batch.pk.hex}/{program}-{first.isoformat()}-{last.isoformat()}.zip"
        batch.file.name = default_storage.save(name, ContentFile(content))
        batch.save(force_insert=True)
        JournalItem.objects.bulk_create(_items(batch, made))
    return batch


def read_batch(batch: JournalBatch) -> bytes:
    """The file as it was exported. Raises DomainError FILE_CHANGED if the storage has lost it or holds other bytes."""
    try:
        with batch.file.open("rb") as file:
            content: bytes = file.read()
    except OSError as error:
        raise DomainError(f"The file of this export can't be read: {error}", code="FILE_CHANGED") from error
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        raise DomainError("The file of this export is not the one that was stored.", code="FILE_CHANGED")
    return content


def _refuse(made: Journal) -> None:
    if made.missing:
        raise DomainError("Name the seller's ledgers first: some are missing.", code="LEDGERS_MISSING")
    if made.obstacles:
        raise DomainError(" ".join(made.obstacles), code="JOURNAL_REFUSED")
    if not made.found:
        raise DomainError("Everything of these days was exported before.", code="NOTHING_TO_EXPORT")


def _files(made: Journal) -> Files:
    seller, program = made.books.seller, made.books.program
    if program == JournalBatch.Program.ZOHO:
        return zoho_files(made.found, made.books.ledgers)
    return tally_files(made.found, company=seller.legal_name, known=known_parties(seller, program))


def _items(batch: JournalBatch, made: Journal) -> list[JournalItem]:
    return [
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
        for each, voucher in made.found
        for index, subject in enumerate(each.subjects)
    ]


def known_parties(seller: BillingEntity, program: str) -> dict[str, Any]:
    """What the books have of customers, by the earlier exports."""
    known: dict[str, Any] = {}
    for parties in (
        JournalBatch.objects.filter(billing_entity=seller, program=program)
        .order_by("created_at")
        .values_list("parties", flat=True)
    ):
        known.update(parties)
    return known
