"""All reports: those of this package, and those that plugins offer."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from billhead.domain.errors import NotFound
from billhead.plugin import Report
from billhead.plugin_host import plugins

__all__ = ["FoundReport", "all_reports", "report_of"]


class FoundReport(NamedTuple):
    """A report and the plugin that offers it, "" for core's own."""

    report: Report
    plugin: str = ""


def all_reports() -> list[FoundReport]:
    """By group and title. Core's code wins where a plugin takes the same."""
    found = {report.code: FoundReport(report) for report in _of_core()}
    for plugin, report in plugins().offers("reports"):
        found.setdefault(report.code, FoundReport(report, plugin))
    return sorted(found.values(), key=lambda one: (one.report.group, one.report.title))


def report_of(code: str) -> FoundReport:
    for found in all_reports():
        if found.report.code == code:
            return found
    there = ", ".join(sorted(found.report.code for found in all_reports()))
    raise NotFound("report", code, hint=f"there are: {there}")


@cache
def _of_core() -> tuple[Report, ...]:
    package = __package__ or ""
    names = [module.name for module in iter_modules(import_module(package).__path__)]
    return tuple(import_module(f"{package}.{name}").REPORT for name in names if not name.startswith("_"))
