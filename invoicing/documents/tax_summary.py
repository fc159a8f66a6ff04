"""Tax by SAC, rate and head: what a buyer's accountant books, and what the returns ask for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_platform.lib.colours import INK
from billing_platform.lib.money import ZERO
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.layout import Band, Section, padded, ruled, shaded, side_by_side, stack, stack_label, unbroken
from invoicing.documents.style import INSET, LABEL, SHADE, SMALL, STRONG, Align, Branding, Type, percent
from invoicing.gst_heads import IGST, WITHOUT_PAYMENT


@dataclass(frozen=True, slots=True)
class SummaryRow:
    sac: str
    rate: Decimal  # of all heads together
    taxable: Decimal
    tax: Decimal


def summary_rows(document: InvoiceDocument) -> list[SummaryRow]:
    """One row for each SAC and rate, in their order. Empty where lines don't say their tax, as old ones don't."""
    sums: dict[tuple[str, Decimal], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in document.lines:
        if line.tax_amount is None:
            return []
        entry = sums[(line.sac, line.tax_rate)]
        entry[0] += line.taxable_value
        entry[1] += line.tax_amount
    return [SummaryRow(sac, rate, taxable, tax) for (sac, rate), (taxable, tax) in sorted(sums.items())]


def tax_summary(document: InvoiceDocument, brand: Branding, width: float) -> Section | None:
    """None outside GST, and where it is not the lines' tax that was charged. A zero-rated supply has it too: table 12
    of GSTR-1 asks for its value by SAC."""
    rows, heads = summary_rows(document), _heads(document)
    if not heads or not any(row.sac for row in rows) or sum(row.tax for row in rows) != document.tax_total:
        return None
    words = brand.wording
    title = padded(stack(words.tax_summary, LABEL, width), below=2)
    names = [words.sac, words.taxable_value, *heads, words.tax]
    head = shaded(_cells(names, LABEL, width, above=2.5), width, SHADE)
    bands = [band for row in rows for band in ruled(_row(document, row, heads, width), width)]
    if len(rows) > 1:
        taxable, tax = sum((row.taxable for row in rows), ZERO), document.tax_total
        amounts = [document.money(tax / len(heads))] * len(heads)
        texts = [words.total, document.money(taxable), *amounts, document.money(tax)]
        bands += _cells(texts, replace(STRONG, size=SMALL.size, leading=SMALL.leading), width)
    bands[0] = replace(bands[0], keeps=len(bands) < 4)
    return Section(unbroken(bands) if len(bands) < 4 else bands, head=unbroken([*title, *head], with_next=True))


def _heads(document: InvoiceDocument) -> list[str]:
    if not document.charges_gst:
        return []
    if document.supply_kind in WITHOUT_PAYMENT:
        return [IGST]
    return list(dict.fromkeys(tax.name for tax in document.taxes))


def _row(document: InvoiceDocument, row: SummaryRow, heads: list[str], width: float) -> list[Band]:
    """Heads share a rate and an amount alike: CGST is as much as SGST, and IGST stands alone."""
    each, rate = document.money(row.tax / len(heads)), percent(row.rate / len(heads))
    shares = [f"{rate} · {each}"] * len(heads)
    texts = [row.sac, document.money(row.taxable), *shares, document.money(row.tax)]
    return _cells(texts, replace(SMALL, colour=INK), width)


def _cells(texts: list[str], style: Type, width: float, *, above: float = 1.5) -> list[Band]:
    first = width * 0.16
    across = (width - first) / (len(texts) - 1)
    columns = [stack_label(texts[0], style, first - 2 * INSET, x=INSET)]
    for number, text in enumerate(texts[1:]):
        x = first + number * across + INSET
        columns.append(stack_label(text, style, across - 2 * INSET, x=x, align=Align.RIGHT))
    return padded(side_by_side(*columns), above=above, below=2.5)
