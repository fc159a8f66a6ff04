"""On a seller's page: the names of its ledgers. On a customer's page: the name of the customer's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from billing_platform.lib.admin.base import ActionForm, Extension, extends, object_action
from billing_platform.lib.admin.rows import Row, RowsField, RowsWidget
from billing_platform.lib.validators import validate_sac
from organisations.models import BillingEntity, Organisation
from payments.accounts.vouchers import LedgerRole
from payments.models import JournalBatch, LedgerName, PartyLedger
from payments.models.ledger_name import ROLES
from payments.services.journals.ledgers import USUAL, set_ledgers, set_party_ledger

NAME_LENGTH = LedgerName._meta.get_field("name").max_length


class LedgersForm(ActionForm):
    """One field for each purpose, with the name that is usual where the seller has none. `obj` is the seller."""

    sales_by_sac = RowsField(
        label="Sales by SAC",
        required=False,
        widget=RowsWidget({"sac": "SAC", "name": "Ledger"}, add="Add SAC"),
        help_text="Services whose sales have a ledger of their own.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {(row.role, row.sac): row.name for row in self.obj.ledger_names.all()}
        for role, words in ROLES:
            initial = known.get((role, ""), "" if known else USUAL[LedgerRole(role)])
            self.fields[role] = forms.CharField(label=words, max_length=NAME_LENGTH, required=False, initial=initial)
        self.fields["sales_by_sac"].initial = [{"sac": sac, "name": name} for (_, sac), name in known.items() if sac]
        self.order_fields(["sales", "sales_by_sac"])

    def clean_sales_by_sac(self) -> dict[str, str]:
        rows: list[Row] = self.cleaned_data["sales_by_sac"]
        found: dict[str, str] = {}
        for number, row in enumerate(rows, 1):
            sac, name = row.get("sac", ""), row.get("name", "")
            if not sac or not name:
                raise ValidationError(f"Row {number}: give the SAC and its ledger.")
            try:
                validate_sac(sac)
            except ValidationError as error:
                raise ValidationError(f"Row {number}: {error.messages[0]}") from error
            if sac in found:
                raise ValidationError(f"Row {number}: {sac} stands twice.")
            found[sac] = name
        return found


@extends(BillingEntity)
class LedgersOfSeller(Extension):
    related_lists = ((JournalBatch, "billing_entity__id__exact"),)

    @object_action(
        label="Name ledgers",
        permission="payments.change_ledgername",
        form=LedgersForm,
        confirm="Letter by letter as Tally or Zoho Books has them. What was exported keeps its names.",
        icon="account_balance",
    )
    def name_ledgers(self, request: HttpRequest, seller: BillingEntity, **answers: Any) -> str:
        sales = answers.pop("sales_by_sac")
        set_ledgers(seller=seller, names={LedgerRole(role): name for role, name in answers.items()}, sales=sales)
        return "The ledgers are named."


class PartyLedgerForm(ActionForm):
    name = forms.CharField(
        label="Ledger", max_length=NAME_LENGTH, required=False, help_text="Empty: the ledger has the customer's name."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ledger = PartyLedger.objects.filter(organisation=self.obj).first()
        self.fields["name"].initial = ledger.name if ledger else ""


@extends(Organisation)
class LedgerOfCustomer(Extension):
    @object_action(
        label="Name ledger",
        permission="payments.change_ledgername",
        form=PartyLedgerForm,
        confirm="What the books call this customer, where it is not the customer's name.",
        facts=lambda _request, organisation: _facts(organisation),
        icon="account_balance",
    )
    def name_ledger(self, request: HttpRequest, organisation: Organisation, *, name: str) -> str:
        ledger = set_party_ledger(organisation=organisation, name=name)
        return f"The books call this customer {ledger or organisation.name}."


def _facts(organisation: Organisation) -> Iterator[tuple[str, Any]]:
    ledger = PartyLedger.objects.filter(organisation=organisation).first()
    yield "Ledger now", ledger.name if ledger else f"{organisation.name} (the customer's name)"
