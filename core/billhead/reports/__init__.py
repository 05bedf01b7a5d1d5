"""What the business can tell: one file per report, and one per thing that reports share (with an underscore).

A module here that has a `REPORT` is a report: admin area, CSV, command line and API find it by themselves, beside those
that plugins offer. Who shows one does

    found = report_of(code)                                        # NotFound says which there are
    with reading() as session:
        asked = ask(session, found.report, request.args, today)    # InvalidInput names the parameter
        table = tabled(session, found, asked, page=1)              # one page, and totals and ties over all rows
"""

from billhead.reports._asking import ask
from billhead.reports._cells import as_csv, as_json, csv_columns
from billhead.reports._found import FoundReport, all_reports, report_of
from billhead.reports._running import Table, Total, streamed, tabled

__all__ = [
    "FoundReport",
    "Table",
    "Total",
    "all_reports",
    "as_csv",
    "as_json",
    "ask",
    "csv_columns",
    "report_of",
    "streamed",
    "tabled",
]
