"""The parameters that most reports ask for."""

from billhead.plugin import ReportParameter

__all__ = ["AS_OF", "CURRENCY", "FROM_MONTH", "FROM_YEAR_AGO", "SELLER", "TO"]

FROM_MONTH = ReportParameter("from", "From", "date", default="month_start")
FROM_YEAR_AGO = ReportParameter("from", "From", "date", default="year_ago")
TO = ReportParameter("to", "To", "date", default="today")
AS_OF = ReportParameter("as_of", "As of", "date", default="today")
SELLER = ReportParameter("seller", "Seller", "seller")
CURRENCY = ReportParameter("currency", "Currency", "currency")
