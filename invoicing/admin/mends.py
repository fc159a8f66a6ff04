"""A warning of a draft for the operator: the sentence, an estimate, and one button that leads to the mend and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import action_url, admin_url
from billing_platform.lib.admin.way_back import with_way_back
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from events.models import Metric
from invoicing.admin.letters import new_letter_address
from invoicing.admin.prices.price_words import price_text
from invoicing.draft_warnings import DraftWarning, WarningCode
from invoicing.models import Invoice, RecurringFee
from invoicing.rates import BOOKS
from invoicing.selectors.likely_prices import estimate_of
from invoicing.services.editing import typed_lines_of
from organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class Warned:
    """The page that warns: whom and which month it is about, its own address, and the draft if there is one."""

    organisation: Organisation
    period: BillingPeriod | None
    address: str
    draft: Invoice | None = None

    @classmethod
    def draft_page(cls, draft: Invoice) -> Warned:
        return cls(draft.organisation, draft.period, admin_url(draft), draft)

    @classmethod
    def finalize_page(cls, draft: Invoice) -> Warned:
        return cls(draft.organisation, draft.period, action_url(draft, "finalize"), draft)


@dataclass(frozen=True, slots=True)
class Mend:
    """What the button says, and the address that it leads to. A form leads back to the page that warns."""

    label: str
    address: str
    is_form: bool = True


def warning_text(warning: DraftWarning, page: Warned) -> SafeString:
    """The sentence with an estimate of what is not billed, and the button if a page can mend the cause."""
    estimate = _estimate(warning, page.organisation)
    sentence = format_html("{} {}", warning.message, estimate) if estimate else format_html("{}", warning.message)
    mend = mend_of(warning, page)
    if mend is None:
        return sentence
    address = with_way_back(mend.address, page.address) if mend.is_form else mend.address
    return format_html('{} <a class="mend" href="{}">{}</a>', sentence, address, mend.label)


def mend_of(warning: DraftWarning, page: Warned) -> Mend | None:
    """Where the cause of a warning is mended; None where no page can."""
    parties = {"customer": _customer, "seller": _seller}
    make = parties.get(warning.party or "") or _MENDS.get(warning.code)
    return make(warning, page) if make else None


def _price(warning: DraftWarning, page: Warned) -> Mend:
    known = {
        "organisation": page.organisation.pk,
        "metric_name": warning.metric_name,
        "unit": warning.unit,
        "currency": page.organisation.currency,
        **({"effective_from": page.period.start.isoformat()} if page.period else {}),
    }
    return Mend("Set a price", f"{reverse('admin:invoicing_pricingrule_add')}?{urlencode(known)}")


def _usage(warning: DraftWarning, page: Warned) -> Mend | None:
    metric = _metric(warning)
    if metric is None:
        return None
    known = {"organisation": page.organisation.pk, "metric": metric.pk}
    address = f"{reverse('admin:events_usageaggregate_changelist')}?{urlencode(known)}"
    return Mend("Look at the usage", address, is_form=False)


def _rate(warning: DraftWarning, page: Warned) -> Mend:
    price, currency = warning.currency, page.organisation.currency
    known = {"base": price, "target": currency} if price else {"base": currency, "target": BOOKS}
    return Mend("Enter a rate", f"{reverse('admin:invoicing_exchangerate_add')}?{urlencode(known)}")


def _tax_rate(_warning: DraftWarning, _page: Warned) -> Mend:
    return Mend("Enter a tax rate", reverse("admin:invoicing_taxrate_add"))


def _customer(_warning: DraftWarning, page: Warned) -> Mend:
    return Mend(f"Open {page.organisation.name}", admin_url(page.organisation))


def _seller(_warning: DraftWarning, page: Warned) -> Mend:
    seller = page.organisation.billing_entity
    return Mend(f"Open {seller.name}", admin_url(seller))


def _letter(_warning: DraftWarning, page: Warned) -> Mend:
    return Mend("Enter a letter of undertaking", new_letter_address(page.organisation.billing_entity))


def _fees(_warning: DraftWarning, page: Warned) -> Mend:
    fees = list_address(RecurringFee, organisation__id__exact=str(page.organisation.pk))
    return Mend("Look at the fees", fees, is_form=False)


def _unprintable(warning: DraftWarning, page: Warned) -> Mend | None:
    """The metric or the project that has the name; of a line that a person typed, its form."""
    if warning.metric_name is not None:
        metric = _metric(warning)
        return Mend("Name the metric", admin_url(metric)) if metric else None
    if warning.project_id is not None:
        project = page.organisation.projects.get(pk=warning.project_id)
        return Mend(f"Rename {project.name}", admin_url(project))
    if page.draft and any(line.description in warning.message for line in typed_lines_of(page.draft)):
        return Mend("Edit lines", action_url(page.draft, "edit_lines"), is_form=False)  # it leads back by itself
    return None


def _issue(_warning: DraftWarning, page: Warned) -> Mend | None:
    address = action_url(page.draft, "finalize") if page.draft else page.address
    return Mend("Finalize", address, is_form=False) if address != page.address else None


_MENDS: dict[str, Callable[[DraftWarning, Warned], Mend | None]] = {
    WarningCode.UNPRICED_USAGE: _price,
    WarningCode.QUANTITY_TOO_LARGE: _usage,
    WarningCode.AMOUNT_TOO_LARGE: _usage,
    WarningCode.UNPRINTABLE_LETTERS: _unprintable,
    WarningCode.EXCHANGE_RATE_OLD: _rate,
    WarningCode.NO_LUT: _letter,
    WarningCode.ISSUE_SOON: _issue,
    WarningCode.FEE_IN_OTHER_CURRENCY: _fees,
    "EXCHANGE_RATE_MISSING": _rate,
    "TAX_RATE_MISSING": _tax_rate,
    WarningCode.GST_RATE_REFUSED: _tax_rate,
    "TAX_UNDETERMINED": _customer,
    "SUPPLY_TO_ONESELF": _customer,
}


def _metric(warning: DraftWarning) -> Metric | None:
    found: Metric | None = Metric.objects.filter(name=warning.metric_name, unit=warning.unit).first()
    return found


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
    if found is None or found.rule.organisation not in (None, organisation):
        return ""  # the amount would tell another customer's price; the revenue leak shows it to who may see that one
    whose = "the price of all customers" if found.rule.organisation is None else "an own price on other days"
    amount = format_money(found.amount.amount, found.amount.currency)
    return f"By {whose} ({price_text(found.rule)}) it would be about {amount} before tax."
