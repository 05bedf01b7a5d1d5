"""The API for programs of the operator, /api/staff/v1: JSON in and out, a key of staff in each request; see
docs/api.md."""

from billhead.web.api_staff import changing as _changing  # noqa: F401 registers its views
from billhead.web.api_staff import customers as _customers  # noqa: F401 registers its views
from billhead.web.api_staff import description as _description  # noqa: F401 registers its view
from billhead.web.api_staff import documents as _documents  # noqa: F401 registers its views
from billhead.web.api_staff import money_back as _money_back  # noqa: F401 registers its views
from billhead.web.api_staff import orders as _orders  # noqa: F401 registers its views
from billhead.web.api_staff import subscriptions as _subscriptions  # noqa: F401 registers its views
from billhead.web.api_staff import usage as _usage  # noqa: F401 registers its views
from billhead.web.api_staff.asking import api_staff

__all__ = ["api_staff"]
