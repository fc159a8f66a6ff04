"""Ask again for what was not paid: retries of failed payments, reminders, promises and pauses, and late fees."""
