"""Signing up, in and out, passwords by link, the second step, and the visitor's choice between light and dark."""

from billhead.web.accounts import single_sign_on as _single_sign_on  # noqa: F401 registers its views
from billhead.web.accounts import steps as _steps  # noqa: F401 registers its views
from billhead.web.accounts import views as _views  # noqa: F401 registers its views
from billhead.web.accounts.entering import accounts

__all__ = ["accounts"]
