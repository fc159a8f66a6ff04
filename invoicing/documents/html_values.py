"""The closed set of variables of a template: texts, truths and lists of them. Amounts are written out, days are ISO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from billing_platform.lib.colours import readable_on
from billing_platform.lib.dates_in_words import day_text, days_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_number, format_percent
from invoicing.documents.document import DocumentLine, DocumentParty, InvoiceDocument
from invoicing.documents.standing import Stage, Standing
from invoicing.documents.wording import wording_of
from invoicing.steps import Step


class Medium(StrEnum):
    PAGE = "page"
    EMAIL = "email"


def values_of(
    document: InvoiceDocument, standing: Standing, medium: Medium, logo: str, links: Mapping[str, str]
) -> dict[str, Any]:
    """What a template may print. Nothing else is there: no object, no function, no setting, no other customer."""
    wording = wording_of(document.look.language)
    labels = {name: text for name, text in asdict(wording).items() if isinstance(text, str) and "{" not in text}
    return {
        "document": _document(document),
        "seller": _party(document.seller),
        "customer": _party(document.customer),
        "lines": [_line(document, line) for line in document.lines],
        "taxes": [
            {
                "name": tax.name,
                "rate": format_percent(tax.rate),
                "taxable_amount": document.money(tax.taxable_amount),
                "amount": document.money(tax.amount),
            }
            for tax in document.taxes
        ],
        "exchange": _exchange(document),
        "credits": _credits(document),
        "bank": [{"name": name, "value": value} for name, value in document.transfer],
        "labels": {**labels, "title": wording.titled(document.title)},
        "brand": {"colour": document.brand_colour, "on_colour": readable_on(document.brand_colour), "logo": logo},
        "look": {
            "footer": document.look.footer,
            "shows_quantities": document.look.shows_quantities and any(_is_counted(line) for line in document.lines),
            "shows_working": document.look.shows_working,
            "shows_bank": document.look.shows_bank,
        },
        "standing": _standing(document, standing),
        "medium": medium.value,
        "links": {"pay": document.pay_url, "pdf": "", "page": "", **links},
    }


def _document(document: InvoiceDocument) -> dict[str, Any]:
    period = ""
    if document.period_start and document.period_last_day:
        period = days_text(document.period_start, document.period_last_day)
    return {
        "title": document.title,
        "number": document.number,
        "is_credit_note": document.credits is not None,
        "issue_date": document.issue_date.isoformat(),
        "due_date": document.due_date.isoformat() if document.due_date else "",
        "period": period,
        "currency": document.currency,
        "place_of_supply": document.place_of_supply,
        "reverse_charge": document.reverse_charge,
        "charges_gst": document.charges_gst,
        "endorsement": document.endorsement,
        "lut_number": document.lut_number,
        "purchase_order": document.purchase_order,
        "payment_terms": document.payment_terms,
        "notes": document.notes,
        "tax_note": document.tax_note,
        "subtotal": document.money(document.subtotal),
        "discount_total": document.money(-document.discount_total) if document.discount_total else "",
        "taxable_amount": document.money(document.taxable_amount),
        "tax_total": document.money(document.tax_total),
        "round_off": document.money(document.round_off) if document.round_off else "",
        "total": document.money(document.total),
        "total_in_words": document.total_in_words,
    }


def _party(party: DocumentParty) -> dict[str, Any]:
    printed = ("name", "state", "country", "gstin", "tax_id", "email", "phone", "pan", "cin", "udyam")
    return {**{name: getattr(party, name) for name in printed}, "address_lines": list(party.address_lines)}


def _is_counted(line: DocumentLine) -> bool:
    """The lines of a credit note, and fees, have neither."""
    return line.quantity is not None or line.unit_price is not None


def _line(document: InvoiceDocument, line: DocumentLine) -> dict[str, Any]:
    quantity = "" if line.quantity is None else format_number(line.quantity)
    discounts = [{"text": each.text, "amount": document.exactly(-each.amount)} for each in line.discounts]
    return {
        "position": line.position,
        "description": line.description,
        "sac": line.sac,
        "quantity": f"{quantity} {line.unit}".strip() if quantity else "",
        "unit_price": "" if line.unit_price is None else document.exactly(line.unit_price),
        "amount": document.money(line.amount),
        "discounts": discounts,
        "taxable_value": document.money(line.taxable_value),
        "tax_rate": format_percent(line.tax_rate),
        "tax_amount": "" if line.tax_amount is None else document.money(line.tax_amount),
        "steps": [{"text": _working(document, step), "amount": _worth(document, step)} for step in line.steps],
    }


def _working(document: InvoiceDocument, step: Step) -> str:
    factors = [format_number(step.quantity)] if step.quantity else []
    factors += [document.exactly(step.unit_price)] if step.unit_price else []
    working = " × ".join(factors)
    return ": ".join(part for part in (step.description, working) if part)


def _worth(document: InvoiceDocument, step: Step) -> str:
    return document.exactly(step.amount) if step.amount or step.unit_price or step.flat_fee else ""


def _exchange(document: InvoiceDocument) -> dict[str, str]:
    """Texts; all empty where there is no other currency."""
    note = document.exchange
    if note is None:
        return dict.fromkeys(("target", "rate", "as_of", "source", "taxable_amount", "tax_total", "total"), "")
    return {
        "target": note.target,
        "rate": f"1 {note.base} = {format_number(note.rate)} {note.target}",
        "as_of": note.as_of.isoformat(),
        "source": note.source,
        "taxable_amount": format_money(note.taxable_amount, note.target),
        "tax_total": format_money(note.tax_total, note.target),
        "total": format_money(note.total, note.target),
    }


def _credits(document: InvoiceDocument) -> dict[str, str]:
    """Of a credit note; all empty on an invoice."""
    credited = document.credits
    if credited is None:
        return dict.fromkeys(("number", "issue_date", "reason", "remark"), "")
    return {
        "number": credited.number,
        "issue_date": credited.issue_date.isoformat(),
        "reason": credited.reason,
        "remark": credited.remark,
    }


def _standing(document: InvoiceDocument, standing: Standing) -> dict[str, Any]:
    due = document.total if standing.due is None else standing.due
    asks = standing.asks_for_money and due > ZERO and document.credits is None
    note = standing.note
    is_partly_paid = asks and due < document.total
    if is_partly_paid:
        left = wording_of(document.look.language).still_due
        note = f"{left.format(due=document.money(due), total=document.money(document.total))} {note}".strip()
    if standing.stage == Stage.VOID:
        on = f" on {day_text(standing.void_on)}" if standing.void_on else ""
        reason = f" {standing.void_reason}" if standing.void_reason else ""
        note = f"{document.title} {document.number} was cancelled{on}. Please don't pay it.{reason}"
    return {
        "is_void": standing.stage == Stage.VOID,
        "asks_for_money": asks,
        "is_partly_paid": is_partly_paid,
        "due": document.money(due) if asks else "",
        "note": note,
        "irn": standing.registration.irn if standing.registration else "",
        "ack_number": standing.registration.ack_number if standing.registration else "",
        "ack_date": standing.registration.ack_date if standing.registration else "",
    }
