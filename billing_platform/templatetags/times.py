"""Times in templates, as everywhere in the admin."""

from django import template

from billing_platform.lib.admin import display

register = template.Library()
register.filter("when", display.when)
