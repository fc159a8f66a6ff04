"""A warning of a draft for the operator: the sentence, an estimate, and one button that leads to the mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.admin.letters import new_letter_address
from invoicing.admin.prices.price_words import price_text
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.models import RecurringFee
from invoicing.rates import BOOKS
from invoicing.selectors.likely_prices import estimate_of
from organisations.models import BillingEntity, Organisation

Mend: TypeAlias = tuple[str, str]
"""What the button says, and the address that it leads to."""


def warning_text(warning: DraftWarning, *, organisation: Organisation, period: BillingPeriod | None) -> SafeString:
    """The sentence with an estimate of what is not billed, and the button if a page can mend the cause."""
    estimate = _estimate(warning, organisation)
    sentence = format_html("{} {}", warning.message, estimate) if estimate else format_html("{}", warning.message)
    found = mend_of(warning, organisation=organisation, period=period)
    if found is None:
        return sentence
    label, address = found
    return format_html('{} <a class="mend" href="{}">{}</a>', sentence, address, label)


def mend_of(warning: DraftWarning, *, organisation: Organisation, period: BillingPeriod | None) -> Mend | None:
    """Where the cause of a warning is mended; None where no page can."""
    parties: dict[str | None, Organisation | BillingEntity] = {
        "customer": organisation,
        "seller": organisation.billing_entity,
    }
    party = parties.get(warning.party)
    if party is not None:
        return f"Open {party.name}", admin_url(party)
    make = _MENDS.get(warning.code)
    return make(warning, organisation, period) if make else None


def _price(warning: DraftWarning, organisation: Organisation, period: BillingPeriod | None) -> Mend:
    known = {
        "organisation": organisation.pk,
        "metric_name": warning.metric_name,
        "unit": warning.unit,
        "currency": organisation.currency,
        **({"effective_from": period.start.isoformat()} if period else {}),
    }
    return "Set a price", f"{reverse('admin:invoicing_pricingrule_add')}?{urlencode(known)}"


def _usage(warning: DraftWarning, organisation: Organisation, period: BillingPeriod | None) -> Mend | None:
    metric = Metric.objects.filter(name=warning.metric_name, unit=warning.unit).first()
    if metric is None:
        return None
    known = {"organisation": organisation.pk, "metric": metric.pk}
    return "Look at the usage", f"{reverse('admin:events_usageaggregate_changelist')}?{urlencode(known)}"


def _rate(warning: DraftWarning, organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    price = warning.currency
    known = (
        {"base": price, "target": organisation.currency} if price else {"base": organisation.currency, "target": BOOKS}
    )
    return "Enter a rate", f"{reverse('admin:invoicing_exchangerate_add')}?{urlencode(known)}"


def _tax_rate(_warning: DraftWarning, _organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    return "Enter a tax rate", reverse("admin:invoicing_taxrate_add")


def _customer(_warning: DraftWarning, organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    return f"Open {organisation.name}", admin_url(organisation)


def _seller(_warning: DraftWarning, organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    return f"Open {organisation.billing_entity.name}", admin_url(organisation.billing_entity)


def _letter(_warning: DraftWarning, organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    return "Enter a letter of undertaking", new_letter_address(organisation.billing_entity)


def _fees(_warning: DraftWarning, organisation: Organisation, _period: BillingPeriod | None) -> Mend:
    return "Look at the fees", list_address(RecurringFee, organisation__id__exact=str(organisation.pk))


_MENDS: dict[str, Callable[[DraftWarning, Organisation, BillingPeriod | None], Mend | None]] = {
    WarningCode.UNPRICED_USAGE: _price,
    WarningCode.QUANTITY_TOO_LARGE: _usage,
    WarningCode.AMOUNT_TOO_LARGE: _usage,
    WarningCode.EXCHANGE_RATE_OLD: _rate,
    WarningCode.NO_LUT: _letter,
    WarningCode.FEE_IN_OTHER_CURRENCY: _fees,
    "EXCHANGE_RATE_MISSING": _rate,
    "TAX_RATE_MISSING": _tax_rate,
    WarningCode.GST_RATE_REFUSED: _tax_rate,
    "TAX_UNDETERMINED": _customer,
    "SUPPLY_TO_ONESELF": _customer,
}


def _estimate(warning: DraftWarning, organisation: Organisation) -> str:
    if warning.code != WarningCode.UNPRICED_USAGE or warning.metric_name is None or warning.quantity is None:
        return ""
    found = estimate_of(
        organisation=organisation,
        metric_name=warning.metric_name,
        unit=warning.unit or "",
        quantity=warning.quantity,
        event_count=warning.event_count or 0,
    )
    if found is None:
        return ""
    whose = _whose(found.rule.organisation, organisation)
    amount = format_money(found.amount.amount, found.amount.currency)
    return f"By {whose} ({price_text(found.rule)}) it would be about {amount} before tax."


def _whose(owner: Organisation | None, organisation: Organisation) -> str:
    if owner is None:
        return "the price of all customers"
    return "an own price on other days" if owner == organisation else "another customer's price"
