"""Where something may be sold: everywhere, only in some countries, or everywhere but in some."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["EVERYWHERE", "RULES", "Regions"]

RULES = ("", "only", "except")


class Regions(NamedTuple):
    """`rule`: "" everywhere, "only" in `countries`, everywhere "except" them. Countries are ISO 3166 codes, sorted."""

    rule: str = ""
    countries: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: str, countries: Iterable[str]) -> "Regions":
        return cls(rule, tuple(sorted(countries)) if rule else ())

    def allow(self, country: str) -> bool:
        """An unknown country ("") is none of those in which something limited may be sold."""
        if not self.rule:
            return True
        return bool(country) and (country in self.countries) == (self.rule == "only")

    def told(self) -> str:
        """ "only in AT, DE", "not in FI", "everywhere"."""
        if not self.rule:
            return "everywhere"
        return f"{'only' if self.rule == 'only' else 'not'} in {', '.join(self.countries)}"


EVERYWHERE = Regions()
