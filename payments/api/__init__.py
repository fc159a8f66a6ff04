"""Payments' part of the HTTP API."""
