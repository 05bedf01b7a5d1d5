"""The portal's plans and optional packages, by external id: the only name that REST v1 takes for them."""

from collections import Counter
from dataclasses import dataclass
from time import monotonic

from billhead.plugin import Catalogue
from billhead_stalker.client import Portal, Record

_FRESH_SECONDS = 60
_known: dict[tuple[str, str], tuple[float, "Tariffs"]] = {}


@dataclass(frozen=True, slots=True)
class Tariffs:
    """`plans` and `packages`: external id → name. Empty and repeated ids are left out: nobody can choose them."""

    plans: dict[str, str]
    packages: dict[str, str]
    unusable: int

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.plans, self.packages)


def fetch(portal: Portal) -> Tariffs:
    records = portal.tariffs()
    plans = _unique({str(plan.get("id")): plan for plan in records})
    packages = [package for plan in records for package in plan.get("packages") or []]
    optional = _unique({str(package.get("id")): package for package in packages if str(package.get("optional")) == "1"})
    tariffs = Tariffs(plans, optional, len(records) - len(plans))
    _known[portal.code, portal.settings.root] = (monotonic() + _FRESH_SECONDS, tariffs)
    return tariffs


def has_plan(portal: Portal, external_id: str) -> bool:
    """Asked before each change of plan, so remembered for a minute; a plan not known yet is asked for again."""
    until, tariffs = _known.get((portal.code, portal.settings.root), (0, None))
    if tariffs is None or monotonic() >= until or external_id not in tariffs.plans:
        tariffs = fetch(portal)
    return external_id in tariffs.plans


def _unique(by_id: dict[str, Record]) -> dict[str, str]:
    externals = [str(record.get("external_id") or "") for record in by_id.values()]
    times = Counter(externals)
    return {
        external: str(record.get("name") or external)
        for external, record in zip(externals, by_id.values(), strict=True)
        if external and times[external] == 1
    }
