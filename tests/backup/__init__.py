"""Backups: which stay, which tools make them, what they find wrong."""
