"""The review queue: parked months with the reason, what is usual, the draft's lines, and the ways on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    ActionForm,
    ReadOnlyAdmin,
    TemplateSection,
    badge,
    facts,
    link,
    numeric,
    object_action,
    when,
)
from billing_platform.lib.admin.charts.sparkline import Bar, sparkline
from billing_platform.lib.admin.display import EMPTY, anchor
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.limits import MAX_LINES, MAX_MONEY
from billing_platform.lib.number_formats import format_money, format_number
from invoicing.admin import approving
from invoicing.admin.invoice_line import quantity_text
from invoicing.admin.runs.billing_item import ReasonForm
from invoicing.admin.runs.review_approving import ApproveForm, ToApprove
from invoicing.computing.safety_bounds import BoundCode, Bounds
from invoicing.models import InvoiceLine, ReviewItem
from invoicing.models.safety_bounds import MOST_TIMES
from invoicing.selectors.review import Reviewed, reviewed
from invoicing.selectors.safety_bounds import bounds_of
from invoicing.services.runs import billing_run, reviewing
from invoicing.services.safety_bounds import set_safety_bounds

FIRST_LINES = 12
"""Of the draft, in the list; the draft's page has all of them."""

CHIPS: dict[str, tuple[str, str]] = {
    BoundCode.NEGATIVE_TOTAL: ("Negative", "danger"),
    BoundCode.NOTHING_PRICED: ("No price", "danger"),
    BoundCode.NOTHING_AFTER_USAGE: ("Nothing this month", "warning"),
    BoundCode.FAR_ABOVE_USUAL: ("Far above usual", "warning"),
    BoundCode.FAR_BELOW_USUAL: ("Far below usual", "warning"),
    BoundCode.TOO_MANY_LINES: ("Many lines", "warning"),
    BoundCode.ABOVE_LIMIT: ("Above the limit", "danger"),
}


def chips(reviewed: Reviewed) -> Any:
    """A label for each reason, with the reason's sentence when one points at it."""
    found = [(CHIPS[code], sentence) for code, sentence in reviewed.reasons if code in CHIPS]
    if not found:
        return badge("Parked", "warning")
    marks = ((sentence, badge(label, tone)) for (label, tone), sentence in found)
    return format_html('<span class="chips">{}</span>', format_html_join(" ", '<span title="{}">{}</span>', marks))


def last_months(reviewed: Reviewed) -> Any:
    """A bar for each of the last months and one for the draft, with their amounts when one points at them."""
    shown = [(each.month, each.total, False) for each in reversed(reviewed.history)]
    shown.append((reviewed.month, reviewed.total, True))
    text = [
        Bar(f"{month_text(month)}: {format_money(total, reviewed.currency)}", total, is_new)
        for month, total, is_new in shown
    ]
    return sparkline(text)


def ratio(reviewed: Reviewed) -> str:
    """The total as a multiple of the usual: "× 4.2"; a dash where nothing is usual."""
    return EMPTY if reviewed.ratio is None else f"× {format_number(reviewed.ratio)}"


class LinesSection(TemplateSection):
    """Why, in whole sentences, and the draft's first lines; opened by the arrow in front of the row."""

    template_name = "admin/invoicing/review_lines.html"

    def get_context_data(self, request: HttpRequest, instance: Any) -> dict[str, Any]:
        invoice = instance.invoice
        lines = [
            {
                "description": line.description,
                "quantity": quantity_text(line),
                "amount": format_money(line.amount, invoice.currency),
            }
            for line in getattr(invoice, "first_lines", ())
        ]
        return {
            "sentences": [sentence for _code, sentence in instance.reviewed.reasons],
            "lines": lines,
            "more": max(instance.reviewed.lines - len(lines), 0),
            "draft_url": reverse("admin:invoicing_invoice_change", args=[invoice.pk]) if invoice else "",
        }


def approve_facts(request: HttpRequest, asked: ToApprove) -> list[tuple[str, Any]]:
    """The total is that of now: usage and prices may have changed since the month was parked."""
    facts = dict(item_facts(request, asked.item))
    if asked.draft is not None:
        computed = asked.draft.computed
        facts |= {"Total": format_money(computed.totals.total, computed.currency), "Lines": f"{len(computed.lines):,}"}
    return list(facts.items())


def approve_obstacles(request: HttpRequest, asked: ToApprove) -> Iterable[str]:
    return approving.approve_obstacles(request, asked.draft) if asked.draft else ()


class RaiseForm(ActionForm):
    """`obj` is the parked item."""

    times = forms.DecimalField(
        label="Times the usual",
        min_value=1,
        max_value=MOST_TIMES,
        max_digits=6,
        decimal_places=2,
        help_text="A month's total may be so many times the mean of the last three, or so small a part of it.",
    )
    lines = forms.IntegerField(min_value=1, max_value=MAX_LINES, help_text="Lines of a month's invoice.")
    most = forms.DecimalField(
        label="Largest total", required=False, min_value=0, max_value=MAX_MONEY, max_digits=17, decimal_places=4
    )
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), help_text="Why this customer is different.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organisation = self.obj.organisation
        now: Bounds = bounds_of([organisation])[organisation.pk]
        for name in ("times", "lines", "most"):
            self.fields[name].initial = getattr(now, name)
        self.fields["most"].help_text = f"With tax, in {organisation.currency}. Empty: no limit but the default."


def item_facts(_request: HttpRequest | None, item: ReviewItem) -> list[tuple[str, Any]]:
    """What a page about one parked month shows before it acts."""
    (found,) = reviewed([item])
    return [
        ("Customer", item.organisation.name),
        ("Month", month_text(item.run.period_start)),
        ("Why", format_html_join("", "<div>{}</div>", ((sentence,) for _code, sentence in found.reasons))),
        ("Total", format_money(found.total, found.currency)),
        ("Usual", _usual(found)),
        ("Last months", last_months(found)),
    ]


def credit_and_finalize(item: ReviewItem) -> tuple[str, str]:
    """The page of a negative draft that gives back what it takes back, and what the link to it says."""
    url = reverse("admin:invoicing_invoice_action", args=[item.invoice_id, "credit_corrections"])
    return url, "Credit and finalize"


def _usual(found: Reviewed) -> str:
    return EMPTY if found.usual is None else format_money(found.usual, found.currency)


@admin.register(ReviewItem)
class ReviewItemAdmin(ReadOnlyAdmin):
    empty_hint = "A billing run parks a month here when its total is far from the usual. Nothing waits for a review."
    list_per_page = 25
    list_on_a_phone = ("customer", "month", "why", "total", "next_step")
    list_display = ("customer", "month", "why", "total", "usual", "trend", "next_step")
    list_display_links = ("month",)
    list_filter = ("organisation", "run__period_start", "invoice__currency")
    search_fields = ("organisation__name", "reason")
    list_select_related = ("run", "organisation", "invoice")
    list_sections = (LinesSection,)
    ordering = ("run__period_start", "organisation__name")
    fields = ("review", "months")

    class Media:
        js = ("billing_platform/opened_rows.js",)

    customer = link("organisation", "Customer")

    def get_queryset(self, request: HttpRequest) -> Any:
        first = InvoiceLine.objects.filter(position__lte=FIRST_LINES).order_by("position")
        lines = Prefetch("invoice__lines", queryset=first, to_attr="first_lines")
        return super().get_queryset(request).select_related(*self.list_select_related).prefetch_related(lines)

    def add_facts(self, request: HttpRequest, rows: list[Any]) -> None:
        """What is usual for each, and what the user may do about it."""
        for item, found in zip(rows, reviewed(rows), strict=True):
            item.reviewed = found
            names = ["approve"] if found.may_be_approved else []
            steps = [self.admin_actions[name] for name in (*names, "recompute", "raise_bounds", "leave_unbilled")]
            item.steps = [action for action in steps if self.may_act(request, action, item)]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        item = super().get_object(request, object_id, from_field)
        if item is not None:
            (item.reviewed,) = reviewed([item])
        return item

    # --- what may be done ---------------------------------------------------------------------------------------

    @object_action(
        label="Approve",
        permission="invoicing.approve_invoice",
        when=lambda item: item.reviewed.may_be_approved,
        form=ApproveForm,
        confirm="The month is issued and e-mailed exactly as it stands here.",
        about=ToApprove.now,
        facts=approve_facts,
        obstacles=approve_obstacles,
        icon="task_alt",
    )
    def approve(self, request: HttpRequest, item: ReviewItem, *, fingerprint: str) -> HttpResponse:
        reviewing.approve_parked(item_id=item.pk, approver=request.user, fingerprint=fingerprint)
        return self._on(
            request, f"The month of {item.organisation} is issued, and goes out as soon as its PDF is made."
        )

    @object_action(
        label="Recompute",
        permission="invoicing.retry_billingrunitem",
        confirm="The month is drafted again from today's usage and prices. Within its bounds it is issued.",
        facts=item_facts,
        icon="calculate",
    )
    def recompute(self, request: HttpRequest, item: ReviewItem) -> HttpResponse:
        billing_run.retry_item(item_id=item.pk)
        return self._on(request, f"The month of {item.organisation} is worked out again as soon as a worker is free.")

    @object_action(
        label="Raise bounds",
        permission="invoicing.change_safetybounds",
        form=RaiseForm,
        confirm="These bounds hold for this customer from now on, and the month is worked out again with them.",
        facts=item_facts,
        icon="expand",
    )
    def raise_bounds(self, request: HttpRequest, item: ReviewItem, **bounds: Any) -> HttpResponse:
        set_safety_bounds(organisation=item.organisation, **bounds)
        billing_run.retry_item(item_id=item.pk)
        return self._on(request, f"{item.organisation} has bounds of its own, and the month is worked out again.")

    @object_action(
        label="Leave unbilled",
        permission="invoicing.leave_unbilled_billingrunitem",
        form=ReasonForm,
        confirm="The draft is thrown away, and the month stays without an invoice. It can still be billed again.",
        facts=item_facts,
        danger=True,
        icon="money_off",
    )
    def leave_unbilled(self, request: HttpRequest, item: ReviewItem, *, reason: str) -> HttpResponse:
        billing_run.leave_unbilled(item_id=item.pk, reason=reason)
        return self._on(request, f"The month of {item.organisation} is left unbilled.")

    def _on(self, request: HttpRequest, message: str) -> HttpResponse:
        """Back to the queue: the item is no longer in it."""
        self.message_user(request, message)
        return HttpResponseRedirect(reverse("admin:invoicing_reviewitem_changelist"))

    # --- how it looks -------------------------------------------------------------------------------------------

    @admin.display(description="Month", ordering="run__period_start")
    def month(self, item: ReviewItem) -> str:
        return month_text(item.run.period_start)

    @admin.display(description="Why")
    def why(self, item: Any) -> Any:
        return chips(item.reviewed)

    @numeric
    @admin.display(description="Total")
    def total(self, item: Any) -> str:
        return format_money(item.reviewed.total, item.reviewed.currency)

    @numeric
    @admin.display(description="Usual")
    def usual(self, item: Any) -> Any:
        """With the total as a multiple of it underneath."""
        found = item.reviewed
        if found.usual is None:
            return EMPTY
        return format_html(
            '<span class="nowrap">{}</span><br><span class="nowrap">{}</span>', _usual(found), ratio(found)
        )

    @admin.display(description="Last months")
    def trend(self, item: Any) -> Any:
        return last_months(item.reviewed)

    @admin.display(description="Next step")
    def next_step(self, item: Any) -> Any:
        """Links to the pages that ask, as far as the user may act there."""
        links = [(self._action_url(action, item), action.label) for action in item.steps]
        if item.reviewed.is_negative and item.steps:
            links.insert(0, credit_and_finalize(item))
        return format_html(
            '<span class="steps">{}</span>', format_html_join("", '<a class="text-link" href="{}">{}</a>', links)
        )

    @admin.display(description="Review")
    def review(self, item: Any) -> Any:
        found: Reviewed = item.reviewed
        draft = anchor(self, item.invoice) if item.invoice else "No draft: nothing was used"
        rows = [*item_facts(None, item), ("Ratio", ratio(found)), ("Draft", draft), ("Parked", when(item.finished_at))]
        if found.is_negative:
            rows.append(("Way on", format_html('<a class="text-link" href="{}">{}</a>', *credit_and_finalize(item))))
        return facts(rows)

    @admin.display(description="Earlier invoices")
    def months(self, item: Any) -> Any:
        found: Reviewed = item.reviewed
        rows = [(month_text(each.month), format_money(each.total, found.currency)) for each in found.history]
        return facts(rows) if rows else EMPTY
