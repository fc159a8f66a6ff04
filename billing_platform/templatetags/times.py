"""Template filters that write times as all admin pages do."""

from django import template

from billing_platform.lib.admin import display

register = template.Library()
register.filter("when", display.when)
