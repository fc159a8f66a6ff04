"""The postal and tax fields that sellers and customers have in common."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from billing_platform.lib.gst import INDIA, STATES, GstError, validate_gstin
from billing_platform.lib.tax_ids import TaxIdError, kind_choices, read_tax_id
from billing_platform.lib.validators import validate_country, validate_pin, validate_printed_line, validate_state


class PartyFields(models.Model):
    """A party to a tax invoice: CGST Rule 46 (a), (d) and (e) require its name, address, State and GSTIN."""

    legal_name = models.CharField(max_length=200, validators=[validate_printed_line])
    address_line1 = models.CharField("address line 1", max_length=200, blank=True, validators=[validate_printed_line])
    address_line2 = models.CharField("address line 2", max_length=200, blank=True, validators=[validate_printed_line])
    city = models.CharField(max_length=100, blank=True, validators=[validate_printed_line])
    postal_code = models.CharField(max_length=20, blank=True, validators=[validate_printed_line])
    state_code = models.CharField(
        "State",
        max_length=2,
        blank=True,
        validators=[validate_state],
        help_text="GST code of the State, such as 29 for Karnataka. Indian parties only.",
    )
    country = models.CharField(max_length=2, default="IN", validators=[validate_country])
    gstin = models.CharField("GSTIN", max_length=15, blank=True)
    tax_id = models.CharField(
        "tax id",
        max_length=50,
        blank=True,
        validators=[validate_printed_line],
        help_text="VAT number or a similar number, outside India.",
    )
    tax_id_kind = models.CharField(
        "kind of tax id",
        max_length=10,
        blank=True,
        choices=kind_choices(),
        help_text="Empty: the usual one of the country. The form of the number is checked by it.",
    )

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse a GSTIN and a State that contradict each other, and an Indian party without State (needed for tax)."""
        super().clean()
        self.gstin = self.gstin.strip().upper()
        if self.gstin:
            try:
                gstin = validate_gstin(self.gstin)
            except GstError as error:
                raise ValidationError({"gstin": str(error)}) from error
            self.state_code = self.state_code or gstin.state_code
            if gstin.state_code != self.state_code:
                raise ValidationError({"state_code": "The State must be that of the GSTIN (its first two digits)."})
        if self.country == INDIA and self.state_code not in STATES:
            raise ValidationError({"state_code": "Write the GST code of a State or Union Territory, such as 29."})
        if self.country == INDIA and self.postal_code:
            _check_pin(self.postal_code)
        if self.country != INDIA and (self.gstin or self.state_code):
            raise ValidationError({"country": "GSTIN and State are for Indian parties only."})
        self._check_tax_id()

    def _check_tax_id(self) -> None:
        """Stores the number in its usual form, with its kind; refuses one that can't be of the kind."""
        if not self.tax_id.strip():
            self.tax_id = self.tax_id_kind = ""
            return
        try:
            self.tax_id, self.tax_id_kind = read_tax_id(self.tax_id, kind=self.tax_id_kind, country=self.country)
        except TaxIdError as error:
            raise ValidationError({"tax_id": str(error)}) from None

    @property
    def address_lines(self) -> list[str]:
        """The address as it is printed, without empty lines."""
        town = " ".join(part for part in (self.city, self.postal_code) if part)
        return [line for line in (self.address_line1, self.address_line2, town) if line]


def _check_pin(postal_code: str) -> None:
    try:
        validate_pin(postal_code)
    except ValidationError as error:
        raise ValidationError({"postal_code": error.messages}) from None
