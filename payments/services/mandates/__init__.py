"""Mandates: registered by a payer through a link, then debited invoice by invoice."""
