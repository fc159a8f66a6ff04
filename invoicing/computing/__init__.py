"""From facts to an invoice worked out: lines, taxes, totals and warnings. Pure: nothing is read or stored here."""
