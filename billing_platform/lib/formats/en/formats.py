"""Times on pages say that they are UTC; all else is Django's own for the language."""

DATETIME_FORMAT = r"j M Y, H:i \U\T\C"
SHORT_DATETIME_FORMAT = r"Y-m-d H:i \U\T\C"
