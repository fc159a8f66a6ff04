"""Bulk jobs: a verb that is done to many rows of a list, shown beforehand and worked off by a job."""
