"""What a customer asks for in its portal: about an invoice, for other details, and with a TDS certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from billing_platform.lib import clock
from billing_platform.lib.admin.refusals import add_refusal
from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import INDIA, STATES
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import Invoice, InvoiceLine
from invoicing.models.invoice_question import QUESTION_LENGTH
from invoicing.selectors.questions import messages_about
from invoicing.services.questions import ask_about_invoice
from organisations.access.throttling import count
from organisations.models import DetailsRequest, Organisation
from organisations.models.details_request import PARTY_FIELDS
from organisations.services.details_requests import LABELS, ask_for_details
from payments.customer.portal.access import Portal, portal_page, too_many
from payments.customer.portal.invoices import invoice_of
from payments.customer.portal.request_rows import message_row
from payments.services.certificates import LARGEST_FILE
from payments.services.sent_certificates import send_certificate
from payments.withholding import quarter_start, quarter_text

OFTEN = "20/d"
"""Requests of one customer, of all three kinds together."""
ASKED_BY = "customer, in the portal"
QUARTERS = 9
"""Those of the last two years and the one that runs."""
INDIAN = {"gstin", "state_code"}
"""Details that nobody abroad has."""
Subject = DetailsRequest.Subject


class QuestionForm(forms.Form):
    text = forms.CharField(label="Your question", max_length=QUESTION_LENGTH, widget=forms.Textarea(attrs={"rows": 6}))


class DetailsForm(forms.Form):
    """The fields of one subject as they stand, with the limits of the customer's own form."""

    subject = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, organisation: Organisation, subject: str) -> None:
        names = list(PARTY_FIELDS) if subject == Subject.PARTY else ["billing_email"]
        if organisation.country != INDIA:
            names = [name for name in names if name not in INDIAN]
        values = {name: getattr(organisation, name) for name in names}
        super().__init__(data, initial={"subject": subject, **values})
        fields: dict[str, forms.Field] = forms.fields_for_model(Organisation, names)
        if "state_code" in fields:
            states = [("", "–"), *((code, f"{code} {name}") for code, name in STATES.items())]
            fields["state_code"] = forms.ChoiceField(choices=states, required=False)
        for name, field in fields.items():
            field.label = LABELS[name]
            self.fields[name] = field


class CertificateForm(forms.Form):
    quarter_start = forms.TypedChoiceField(label="Quarter", coerce=date.fromisoformat)
    certificate_number = forms.CharField(label="Certificate number", max_length=100)
    certificate_on = forms.DateField(label="Date on the certificate", widget=forms.DateInput(attrs={"type": "date"}))
    certificate_amount = forms.DecimalField(label="Tax deducted, in rupees", max_digits=16, decimal_places=2)
    file = forms.FileField(label="PDF, up to 5 MB", widget=forms.FileInput(attrs={"accept": "application/pdf"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["quarter_start"]
        field.choices = [(day.isoformat(), _quarter_label(day)) for day in _quarters(clock.today(INDIAN_TIME))]

    def clean_file(self) -> tuple[str, bytes]:
        """The name and the content. No more of a large file is read than tells that it is too large."""
        file = self.cleaned_data["file"]
        return file.name, file.read(LARGEST_FILE + 1)


@portal_page("GET", "HEAD", "POST")
def question(request: HttpRequest, portal: Portal, invoice_id: UUID) -> HttpResponse:
    """About an invoice, or about its line that `?line=` names."""
    invoice = invoice_of(portal, invoice_id)
    line = _line(request, invoice)
    form = QuestionForm(request.POST or None)

    def ask(values: dict[str, Any]) -> None:
        line_id = line.pk if line else None
        ask_about_invoice(invoice_id=invoice.pk, line_id=line_id, asked_by=ASKED_BY, **values)

    answer = _asked(request, portal, form, ask)
    if answer is not None:
        return answer
    context = {
        "form": form,
        "invoice": invoice,
        "invoice_url": portal.address("portal_invoice", invoice_id=invoice.pk),
        "line": line,
        "messages": [message_row(portal, each) for each in messages_about(invoice, line)],
    }
    return portal.page(request, "portal/question.html", context, at="portal_requests", status=_status(form))


@portal_page("GET", "HEAD", "POST")
def details(request: HttpRequest, portal: Portal) -> HttpResponse:
    """A form for each subject; one about which a request waits is not asked for."""
    chosen, parts = request.POST.get("subject"), []
    status = 200
    for subject in Subject:
        form = DetailsForm(
            request.POST if chosen == subject else None, organisation=portal.organisation, subject=subject
        )
        answer = _asked(request, portal, form, _ask_for(portal, subject))
        if answer is not None:
            return answer
        status = max(status, _status(form))
        waits = DetailsRequest.objects.for_organisations(portal.actor).to_decide().filter(subject=subject).exists()
        parts.append({"label": _heading(portal, subject), "form": form, "waits": waits})
    return portal.page(request, "portal/details.html", {"parts": parts}, at="portal_requests", status=status)


@portal_page("GET", "HEAD", "POST")
def certificate(request: HttpRequest, portal: Portal) -> HttpResponse:
    if not may_withhold(portal):
        raise Http404
    form = CertificateForm(request.POST or None, request.FILES or None)

    def send(values: dict[str, Any]) -> None:
        send_certificate(organisation=portal.organisation, sent_by=ASKED_BY, **values)

    answer = _asked(request, portal, form, send)
    if answer is not None:
        return answer
    return portal.page(request, "portal/certificate.html", {"form": form}, at="portal_requests", status=_status(form))


def may_withhold(portal: Portal) -> bool:
    """Whether there can be a TDS certificate: customers abroad withhold no Indian tax."""
    return bool(portal.organisation.country == INDIA)


def _heading(portal: Portal, subject: DetailsRequest.Subject) -> str:
    is_abroad = portal.organisation.country != INDIA
    return "Name and address" if subject == Subject.PARTY and is_abroad else subject.label


def _asked(
    request: HttpRequest, portal: Portal, form: forms.Form, act: Callable[[dict[str, Any]], None]
) -> HttpResponse | None:
    """To the list of requests once it is done. None: the form is shown, with what was wrong."""
    if not form.is_bound:
        return None
    usage = count(request, group="portal_requests", who=str(portal.organisation.pk), rate=OFTEN)
    if usage is not None and usage.exceeded:
        return too_many(request, usage.reset_seconds)
    if not form.is_valid():
        return None
    try:
        act({name: value for name, value in form.cleaned_data.items() if name != "subject"})
    except DomainError as error:
        add_refusal(form, error, error.message)
    except ValidationError as error:
        for name, sentences in error.message_dict.items():
            form.add_error(name if name in form.fields else None, sentences)
    else:
        return HttpResponseRedirect(portal.address("portal_requests"))
    return None


def _ask_for(portal: Portal, subject: str) -> Callable[[dict[str, Any]], None]:
    def ask(values: dict[str, Any]) -> None:
        ask_for_details(organisation=portal.organisation, subject=subject, proposed=values, asked_by=ASKED_BY)

    return ask


def _line(request: HttpRequest, invoice: Invoice) -> InvoiceLine | None:
    asked = request.GET.get("line")
    if not asked:
        return None
    found: InvoiceLine | None = next((line for line in invoice.lines.all() if str(line.pk) == asked), None)
    if found is None:
        raise Http404
    return found


def _quarters(today: date) -> list[date]:
    """Their first days, the one that runs first."""
    found = [quarter_start(today)]
    while len(found) < QUARTERS:
        found.append(quarter_start(found[-1] - timedelta(days=1)))
    return found


def _quarter_label(first: date) -> str:
    """ "26-27 Q3 (Oct to Dec 2026)"."""
    return f"{quarter_text(first)} ({first:%b} to {first.replace(month=first.month + 2):%b %Y})"


def _status(form: forms.Form) -> int:
    return 400 if form.errors else 200
