"""Usage and invoice lines: each unit of an invoiced month is on a line, has no price, or waits for the next invoice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from billing_platform.lib.batches import batches
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money
from events.selectors.metric_words import WordBook, word_books
from invoicing.rates import BOOKS
from invoicing.services.charged_usage import ChargedUsage, charged_usage, places_charged
from organisations.models import Organisation
from reconciliation.findings import Finding, FindingKind, Tally, Window

_AT_ONCE = 200


def find(window: Window, tally: Tally) -> Iterator[Finding]:
    """The months of use that invoices issued within the days charge: their own, and those of late usage.

    A finding belongs to the day on which such an invoice was issued. What is counted in a month that has no issued
    invoice is no finding: its invoice is still to come.
    """
    places = places_charged(first=window.first, last=window.last, organisation_id=window.organisation_id)
    for part in map(dict, batches(places, _AT_ONCE)):
        differing: list[ChargedUsage] = []
        for each in charged_usage(part):
            tally.compared += 1
            if each.differs:
                differing.append(each)
        if differing:
            owners = Organisation.objects.in_bulk({each.organisation_id for each in differing})
            books = word_books(list(owners.values()))
            for each in differing:
                owner = owners[each.organisation_id]
                yield _finding(each, owner, books[owner.pk], part[owner.pk, each.month])


def _finding(each: ChargedUsage, owner: Organisation, book: WordBook, day: date) -> Finding:
    name, unit = each.metric
    words = book.words(name, unit)
    off = each.charged_off
    priced = each.used - each.unpriced
    beside = f", {format_money(off, each.currency)} not charged" if off else ""
    return Finding(
        _kind(each),
        subject=f"{owner.pk} {each.month} {name} {unit}",
        about=f"{words.title} of {owner.name} in {month_text(each.month)}",
        day=day,
        expected=f"{words.quantity_text(priced)} on lines, as used{beside}",
        found=f"{words.quantity_text(each.on_lines)} on lines",
        organisation_id=owner.pk,
        worth=abs(off) if off is not None and each.currency == BOOKS else None,
        facts={"metric_name": name, "unit": unit, "month": str(each.month)},
    )


def _kind(each: ChargedUsage) -> FindingKind:
    if not each.event_count and not each.used:
        return FindingKind.LINE_WITHOUT_USAGE
    off = each.charged_off or each.not_on_lines
    return FindingKind.USAGE_NOT_CHARGED if off > 0 else FindingKind.CHARGED_BEYOND_USAGE
