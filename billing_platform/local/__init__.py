"""Runs the whole platform on one machine without installing servers: PostgreSQL and Valkey are private, under var/."""
