"""The registers of invoices and of credit notes: each final document of a seller and some days, as it was issued."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce

from billing_platform.lib.database.parts import in_parts
from billing_platform.lib.gst import place_of_supply_label
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import money_text
from invoicing.models import CreditNote, Invoice
from invoicing.models.invoice import amount_due
from invoicing.rates import BOOKS
from invoicing.returns.documents import DocumentKind
from organisations.models import BillingEntity
from organisations.scoping import Actor

_MONEY: DecimalField[Any, Any] = DecimalField(max_digits=19, decimal_places=4)
_AMOUNTS = ("taxable", "tax", "round_off", "total", "paid", "credited", "due")
_IN_RUPEES = ("taxable_in_rupees", "igst_in_rupees", "cgst_in_rupees", "sgst_in_rupees", "total_in_rupees")
COLUMNS = (
    "number", "date", "status", "customer", "gstin", "place_of_supply", "supply", "credits_invoice", "due_date",
    "currency", *_AMOUNTS, *_IN_RUPEES, "irn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a register. Amounts are in the document's currency, those in rupees as they were booked. A void invoice
    keeps its row, and counts as nothing. A credit note has nothing paid or due, and its amounts are positive."""

    id: UUID
    number: str
    issue_date: date
    due_date: date | None
    status: str
    customer: str
    gstin: str
    place_of_supply: str
    supply_kind: str
    original: str
    currency: str
    taxable: Decimal
    tax: Decimal
    round_off: Decimal
    total: Decimal
    paid: Decimal
    credited: Decimal
    due: Decimal
    taxable_in_rupees: Decimal
    igst_in_rupees: Decimal
    cgst_in_rupees: Decimal
    sgst_in_rupees: Decimal
    total_in_rupees: Decimal
    irn: str

    def cells(self) -> tuple[Any, ...]:
        """For a file, in the order of `COLUMNS`."""
        place = place_of_supply_label(self.place_of_supply) if self.place_of_supply else ""
        return (
            self.number, self.issue_date, self.status, self.customer, self.gstin, place, self.supply_kind,
            self.original, self.due_date or "", self.currency,
            *(money_text(getattr(self, name), self.currency) for name in _AMOUNTS),
            *(money_text(getattr(self, name), BOOKS) for name in _IN_RUPEES), self.irn,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sums:
    """What the documents of one currency come to, without void ones."""

    currency: str
    documents: int
    void: int
    amounts: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Register:
    """Of the customers whom `actor` may see. `first` and `last` are both included."""

    actor: Actor
    kind: DocumentKind
    seller: BillingEntity
    first: date
    last: date

    @property
    def documents(self) -> QuerySet[Any]:
        model: Any = Invoice if self.kind == DocumentKind.INVOICE else CreditNote
        rows: QuerySet[Any] = (
            model.objects.for_organisations(self.actor)
            .exclude(number="")
            .filter(billing_entity=self.seller, issue_date__range=(self.first, self.last))
        )
        return rows.order_by("issue_date", "series", "sequence_number", "pk")


def entries(register: Register, *, start: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """By date and number, a part of them at a time in memory; those of a page with `start` and `limit`."""
    is_invoice = register.kind == DocumentKind.INVOICE
    rows = _annotated(register, register.documents).values(
        "id", "number", "issue_date", "place_of_supply", "supply_kind", "currency", "customer", "gstin",
        "e_invoice__irn", "counted_in_rupees", *(f"counted_{name}" for name in (*_AMOUNTS, *_IN_RUPEES[:-1])),
        *(("due_date", "status") if is_invoice else ("invoice__number", "kind")),
    )  # fmt: skip
    chosen = in_parts(rows) if limit is None else rows[start : start + limit]
    return (_entry(row) for row in chosen)


def sums(register: Register) -> list[Sums]:
    """By currency: what the entries come to, added up by the database."""
    found = (
        _annotated(register, register.documents)
        .order_by("currency")
        .values("currency")
        .annotate(
            documents=Sum("counts"),
            void=Sum(1 - F("counts")),
            **{name: Sum(f"counted_{name}") for name in (*_AMOUNTS, *_IN_RUPEES[:-1])},
            total_in_rupees=Sum("counted_in_rupees"),
        )
    )
    return [
        Sums(
            row["currency"],
            row["documents"],
            row["void"],
            {name: row[name] or ZERO for name in (*_AMOUNTS, *_IN_RUPEES)},
        )
        for row in found
    ]


def total_as_booked(document: str) -> Cast:
    """The total in rupees that a document in another currency was frozen with; NULL without one. `document` is the
    look-up path to its JSON."""
    return Cast(KeyTextTransform("total", KeyTransform("exchange", document)), _MONEY)


def _annotated(register: Register, rows: QuerySet[Any]) -> Any:
    is_invoice = register.kind == DocumentKind.INVOICE
    document = "document__content" if is_invoice else "document"
    customer = KeyTransform("customer", document)
    counted: dict[str, Any] = {"tax": F("tax_total"), "round_off": F("round_off"), "total": F("total")}
    if is_invoice:
        counted |= {"taxable": F("subtotal") - F("discount_total"), "due": amount_due()}
        counted |= {"paid": F("amount_paid"), "credited": F("amount_credited")}
    else:
        counted |= {"taxable": F("subtotal"), **dict.fromkeys(("due", "paid", "credited"), Value(ZERO))}
    counted |= {name: Coalesce(F(name), ZERO) for name in _IN_RUPEES[:-1]}
    counted["in_rupees"] = Case(
        When(currency=BOOKS, then=F("total")), default=Coalesce(total_as_booked(document), ZERO)
    )
    is_void = Q(status=Invoice.Status.VOID) if is_invoice else Q(pk=None)
    return rows.annotate(
        customer=KeyTextTransform("name", customer),
        gstin=KeyTextTransform("gstin", customer),
        counts=Case(When(is_void, then=0), default=1),
        **{
            f"counted_{name}": Case(When(is_void, then=Value(ZERO)), default=value, output_field=_MONEY)
            for name, value in counted.items()
        },
    )


def _entry(row: dict[str, Any]) -> Entry:
    status = Invoice.Status(row["status"]).label if "status" in row else CreditNote.Kind(row["kind"]).label
    return Entry(
        id=row["id"],
        number=row["number"],
        issue_date=row["issue_date"],
        due_date=row.get("due_date"),
        status=str(status),
        customer=row["customer"] or "",
        gstin=row["gstin"] or "",
        place_of_supply=row["place_of_supply"],
        supply_kind=row["supply_kind"],
        original=row.get("invoice__number") or "",
        currency=row["currency"],
        total_in_rupees=row["counted_in_rupees"],
        irn=row["e_invoice__irn"] or "",
        **{name: row[f"counted_{name}"] for name in (*_AMOUNTS, *_IN_RUPEES[:-1])},
    )
