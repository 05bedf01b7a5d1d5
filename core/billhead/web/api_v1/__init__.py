"""The API for programs of resellers, /api/v1: JSON in and out, a reseller's key in each request; see docs/api.md."""

from billhead.web.api_v1 import account as _account  # noqa: F401 registers its views
from billhead.web.api_v1 import acts as _acts  # noqa: F401 registers its views
from billhead.web.api_v1 import description as _description  # noqa: F401 registers its view
from billhead.web.api_v1 import users as _users  # noqa: F401 registers its views
from billhead.web.api_v1.asking import api

__all__ = ["api"]
