"""Adds the usage to the pages of an organisation and of a project."""

from __future__ import annotations

from billing_platform.lib.admin.base import Extension, extends
from events.models import UsageAggregate, UsageEvent
from organisations.models import Organisation, Project


@extends(Organisation)
class UsageOfOrganisation(Extension):
    related_lists = ((UsageAggregate, "organisation"),)


@extends(Project)
class UsageOfProject(Extension):
    related_lists = ((UsageAggregate, "project"), (UsageEvent, "project__id__exact"))
