"""Signing up, in and out, passwords by link, and the visitor's choice between light and dark."""

from billhead.web.accounts.views import accounts

__all__ = ["accounts"]
