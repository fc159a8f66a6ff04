"""Words that e-mails take from documents, for translators: `in_words` looks them up."""

from django.utils.translation import gettext_noop

TITLES = (gettext_noop("Tax Invoice"), gettext_noop("Invoice"), gettext_noop("Credit Note"))

CREDIT_REASONS = (
    gettext_noop("Deficiency in the service"),
    gettext_noop("Price or tax charged too high"),
    gettext_noop("More charged than used"),
    gettext_noop("Discount after the supply"),
    gettext_noop("Supply or order cancelled"),
    gettext_noop("Correction of the invoice"),
)
