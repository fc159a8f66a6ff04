"""Invoicing's part of the HTTP API."""
