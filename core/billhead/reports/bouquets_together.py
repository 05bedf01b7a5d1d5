"""Packages suggested from what is watched: bouquets that the same lines have and use, and the plan that brings both."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import and_, func, select

from billhead.models.catalogue import Bouquet, Plan, PlanBouquet
from billhead.models.subscriptions import Service, Subscription
from billhead.models.viewings import Viewing
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportParameter
from billhead.reports._bouquets_had import bouquets_had
from billhead.reports._parameters import FROM_MONTH, SELLER, TO
from billhead.reports._source import Source
from billhead.wording import marked

__all__ = ["REPORT"]

_EPOCH = date(1970, 1, 1)
_ADDED = ("bouquet", "connection", "device", "ppv", "rental")


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """Two statements. A pair stands there where so many of the lines with the rarer bouquet have the other one too."""
    hours, lines = _watched(source, asked)
    names, whole = _catalogue(source, set(lines))
    found = []
    for one, other in combinations(sorted(lines), 2):
        both = lines[one] & lines[other]
        rarer, common = sorted((one, other), key=lambda key: (len(lines[key]), key))
        share = 100 * len(both) // len(lines[rarer])
        if both and share >= asked["share"]:
            seconds = sum(hours[rarer, line] for line in both)
            plans = whole[one] & whole[other]
            found.append((rarer, common, len(lines[rarer]), len(both), share, seconds // 3600, plans))
    for rarer, common, had, both_had, share, together, plans in sorted(
        found, key=lambda row: (-row[3], -row[4], row[:2])
    ):
        told = ", ".join(sorted(plans)) or "none: a package of both would fit"
        yield names[rarer], names[common], had, both_had, share, together, told


def _watched(source: Source, asked: ReportAsked) -> tuple[dict[tuple[int, int], int], dict[int, set[int]]]:
    """(bouquet, line) → seconds that it watched while it had the bouquet; bouquet → its lines."""
    first, until = (asked["from"] - _EPOCH).days, (asked.until - _EPOCH).days
    had = bouquets_had(source.session, first, until).c
    same = and_(had.panel_id == Viewing.panel_id, had.viewing_id == Viewing.viewing_id)
    query = (
        select(had.bouquet_id, Viewing.service_id, func.sum(Viewing.ended - Viewing.began))
        .join_from(Viewing, had.panel_id.table, same)
        .group_by(had.bouquet_id, Viewing.service_id)
    )
    if asked["seller"] is not None:
        query = query.join(Service, Service.id == Viewing.service_id)
        query = query.join(Subscription, Subscription.id == Service.subscription_id)
        query = query.where(Subscription.seller_id == asked["seller"])
    hours, lines = dict[tuple[int, int], int](), defaultdict[int, set[int]](set)
    for bouquet_id, service_id, seconds in source.session.execute(query):
        hours[bouquet_id, service_id] = int(seconds)
        lines[bouquet_id].add(service_id)
    return hours, lines


def _catalogue(source: Source, bouquets: set[int]) -> tuple[dict[int, str], dict[int, set[str]]]:
    """The names of the bouquets, and the plans on sale that bring each."""
    names = dict(source.session.execute(select(Bouquet.id, Bouquet.name).where(Bouquet.id.in_(bouquets))).all())
    plans = defaultdict[int, set[str]](set)
    rows = source.session.execute(
        select(PlanBouquet.bouquet_id, Plan.name)
        .join(Plan, Plan.id == PlanBouquet.plan_id)
        .where(PlanBouquet.bouquet_id.in_(bouquets), Plan.retired.is_(False), Plan.kind.not_in(_ADDED))
    )
    for bouquet_id, name in rows:
        plans[bouquet_id].add(name)
    return names, plans


REPORT = Report(
    code="bouquets-together",
    title=marked("Packages suggested"),
    description=marked(
        "Bouquets that the same lines had and watched by: the rarer one of each pair, how many lines had it, "
        "how many of these had the other one too, and how many hours they watched while they had the rarer one. "
        "Whichever plan on sale brings both is the package that fits; where there is none, one would."
    ),
    group=marked("Watching"),
    parameters=(
        FROM_MONTH,
        TO,
        ReportParameter("share", marked("Of 100 lines with the rarer one, at least so many"), "count", default="50"),
        SELLER,
    ),
    columns=(
        ReportColumn("bouquet", marked("Bouquet")),
        ReportColumn("other", marked("Had with")),
        ReportColumn("lines", marked("Lines with it"), "count"),
        ReportColumn("both", marked("Lines with both"), "count"),
        ReportColumn("share", marked("Of 100"), "count"),
        ReportColumn("hours", marked("Hours of these"), "count"),
        ReportColumn("plans", marked("Plans that bring both")),
    ),
    rows=_rows,
)
