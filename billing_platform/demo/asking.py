"""What customers of the demo ask for: about an invoice, for another address, and with a TDS certificate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import Invoice
from invoicing.services.questions import ask_about_invoice
from organisations.models import DetailsRequest, Organisation
from organisations.services.details_requests import ask_for_details
from payments.services.sent_certificates import send_certificate
from payments.withholding import quarter_start

BY = "customer, in the portal"
# The smallest PDF that readers open: one empty page.
CERTIFICATE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def ask(invoice: Invoice, *, mover: Organisation, withholder: Organisation) -> None:
    """Each of the three waits for a person."""
    line = invoice.lines.order_by("position").first()
    text = "This is more than in the month before. Which of our projects used it?"
    ask_about_invoice(invoice_id=invoice.pk, text=text, asked_by=BY, line_id=line.pk if line else None)
    proposed = {"address_line1": "4th floor, 88 Market Road"}
    ask_for_details(organisation=mover, subject=DetailsRequest.Subject.PARTY, proposed=proposed, asked_by=BY)
    today: date = clock.today(INDIAN_TIME)
    send_certificate(
        organisation=withholder,
        quarter_start=quarter_start(today),
        certificate_number="KLMNOPQ",
        certificate_on=today,
        certificate_amount=Decimal("1250.00"),
        file=("form131.pdf", CERTIFICATE),
        sent_by=BY,
    )
