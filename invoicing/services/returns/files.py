"""The files of a return: JSON for the portal, CSV, and the government's workbook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import IO

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.law import INDIAN_TIME
from invoicing.models import FilingFile
from invoicing.returns.period import ReturnPeriod
from invoicing.returns.portal_json import PortalJson
from invoicing.returns.sheet_files import CsvSheets, XlsxSheets, zipped
from invoicing.services.returns.reading import Reading, read_return

Format = FilingFile.Format


@dataclass(frozen=True, slots=True)
class ReturnFile:
    """`file` stands at its beginning, and is gone when the `with` ends in which it was made."""

    format: str
    name: str
    file: IO[bytes]


@contextmanager
def return_files(
    *, gstin: str, period: ReturnPeriod, formats: tuple[str, ...]
) -> Iterator[tuple[Reading, list[ReturnFile]]]:
    """A return and its files, made while its documents pass once. Raises InvalidInput as `read_return` does."""
    writers = {each: _writer(each, period) for each in formats}
    with ExitStack() as stack:
        for writer in writers.values():
            stack.callback(writer.close)
        reading = read_return(gstin=gstin, period=period, writers=list(writers.values()))
        yield reading, [_file(each, writer, gstin, period, stack) for each, writer in writers.items()]


def refuse_blocked(reading: Reading) -> None:
    """Raises DomainError RETURN_BLOCKED: what the portal would refuse is not exported."""
    summary = reading.summary
    if reading.is_blocked:
        count = summary["blocking"]
        lints = [each for each in summary["lints"] if each["level"] == "block"]
        raise DomainError(
            f"Nothing is exported: {count} finding{'s' if count != 1 else ''} would be refused by the portal. "
            f"The first: {lints[0]['sentence']}",
            code="RETURN_BLOCKED",
            details={"lints": lints},
        )


def _writer(format_: str, period: ReturnPeriod) -> PortalJson | CsvSheets | XlsxSheets:
    if format_ == Format.JSON:
        return PortalJson()
    return CsvSheets() if format_ == Format.CSV else XlsxSheets(is_iff=period.is_iff)


def _file(
    format_: str, writer: PortalJson | CsvSheets | XlsxSheets, gstin: str, period: ReturnPeriod, stack: ExitStack
) -> ReturnFile:
    plain = f"gstr1_{gstin}_{period.code}{'_iff' if period.is_iff else ''}"
    if not isinstance(writer, PortalJson):
        return ReturnFile(format_, f"{plain}{'_csv.zip' if format_ == Format.CSV else '.xlsx'}", writer.file)
    name = portal_name(gstin, clock.today(INDIAN_TIME))
    if len(writer.parts) == 1:
        return ReturnFile(format_, f"{name}.json", writer.parts[0])
    archive = zipped([(f"{name}_{number}.json", part) for number, part in enumerate(writer.parts, start=1)])
    stack.callback(archive.close)
    return ReturnFile(format_, f"{name}.zip", archive)


def portal_name(gstin: str, day: date) -> str:
    """As the portal's tool names its files: the day without padding."""
    return f"returns_{day.day}{day.month}{day.year}_R1_{gstin}_offline"
