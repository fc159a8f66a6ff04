"""Times in templates, as everywhere in the admin."""

from django import template

from billing_platform.lib import admin_display

register = template.Library()
register.filter("when", admin_display.when)
