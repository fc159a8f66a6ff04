"""Words that e-mails about payments take from rows and tables, for translators: `in_words` looks them up."""

from django.utils.translation import gettext_noop

METHODS = (
    gettext_noop("Card"),
    gettext_noop("Netbanking"),
    gettext_noop("Wallet"),
    gettext_noop("Paylater"),
    gettext_noop("Bank transfer"),
    gettext_noop("Cheque"),
    gettext_noop("Cash"),
    gettext_noop("Other"),
    gettext_noop("Bank account (e-mandate)"),
)
"""How a payment was made, and how a mandate collects. UPI, TDS and EMI are the same in every language."""

TRANSFER = (
    gettext_noop("Account name"),
    gettext_noop("Bank"),
    gettext_noop("Bank address"),
    gettext_noop("Account number"),
    gettext_noop("Correspondent bank"),
)

MANDATE_IS = (
    gettext_noop("The mandate is cancelled."),
    gettext_noop("The mandate is expired."),
    gettext_noop("The mandate is rejected."),
    gettext_noop("The mandate is paused."),
    gettext_noop("The mandate is failed."),
)
