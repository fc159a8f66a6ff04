"""The control API under /_sim: outcomes, webhooks, faults, time and a clean slate."""
