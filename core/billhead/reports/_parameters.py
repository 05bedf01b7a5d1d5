"""The parameters that most reports ask for."""

from billhead.plugin import ReportParameter
from billhead.wording import marked

__all__ = ["AS_OF", "CURRENCY", "FROM_MONTH", "FROM_YEAR_AGO", "SELLER", "TO"]

FROM_MONTH = ReportParameter("from", marked("From"), "date", default="month_start")
FROM_YEAR_AGO = ReportParameter("from", marked("From"), "date", default="year_ago")
TO = ReportParameter("to", marked("To"), "date", default="today")
AS_OF = ReportParameter("as_of", marked("As of"), "date", default="today")
SELLER = ReportParameter("seller", marked("Seller"), "seller")
CURRENCY = ReportParameter("currency", marked("Currency"), "currency")
