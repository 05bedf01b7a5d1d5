"""Dates on the command line: only the one spelling that cannot be misread."""

from datetime import date
from typing import Any

import click

__all__ = ["DATE"]


class _Date(click.ParamType):
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value) if len(str(value)) == 10 else "")
        except ValueError:
            self.fail(f"{value!r} is not a date; write year, month and day, like 2026-11-30", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "YYYY-MM-DD"


DATE = _Date()
