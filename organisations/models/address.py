"""The postal and tax facts that a seller and a customer have in common."""

from __future__ import annotations

from django.db import models

from organisations.validators import validate_country


class PartyFields(models.Model):
    """A party to a tax invoice: CGST Rule 46 (a), (d) and (e) ask for name, address, State and GSTIN."""

    legal_name = models.CharField(max_length=200)
    address_line1 = models.CharField(max_length=200, blank=True)
    address_line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    state_code = models.CharField(
        max_length=2, blank=True, help_text="GST state code, such as 29 for Karnataka. Indian parties only."
    )
    country = models.CharField(max_length=2, default="IN", validators=[validate_country])
    gstin = models.CharField("GSTIN", max_length=15, blank=True)
    tax_id = models.CharField("tax id", max_length=50, blank=True, help_text="VAT number or the like, outside India.")

    class Meta:
        abstract = True

    @property
    def address_lines(self) -> list[str]:
        """The address as it is printed, without empty lines."""
        town = " ".join(part for part in (self.city, self.postal_code) if part)
        return [line for line in (self.address_line1, self.address_line2, town) if line]
