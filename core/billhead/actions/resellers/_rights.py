"""What a reseller may do: stored with its row, and never more than whoever stands above it may."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.domain.errors import InvalidInput
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller, ResellerClosure

__all__ = [
    "Rights",
    "checked_rights",
    "effective_rights",
    "effective_rights_of",
    "rights_from_plan",
    "stored_rights",
    "within",
]

_MOST_TRIALS = 10_000
_MOST_FLOOR = 1_000


@dataclass(frozen=True, slots=True)
class Rights:
    """`sells`: codes of plans. `refund_unused`: ending a line gives back the unused days' credits; with
    `refund_only_unwatched` only where it was never watched. `floor_percent`: its own prices are not below so much of
    the operator's, 0: as it likes. `own_shop`: it may have a shop of its own."""

    sells: tuple[str, ...] = ()
    trials_per_day: int = 0
    terminate: bool = False
    refund_unused: bool = False
    refund_only_unwatched: bool = False
    floor_percent: int = 0
    own_shop: bool = False


def stored_rights(stored: Mapping[str, Any]) -> Rights:
    """From a reseller's row."""
    known = {name: stored[name] for name in Rights.__slots__ if name in stored}
    return Rights(**{**known, "sells": tuple(stored.get("sells", ()))})


def rights_from_plan(plan: Plan) -> Rights:
    """What a reseller plan of the catalogue gives."""
    told = plan.details or {}
    return Rights(
        tuple(told.get("sells", ())),
        int(told.get("trials_per_day", 0)),
        bool(told.get("may_terminate")),
        bool(told.get("refund_unused")),
        bool(told.get("refund_only_unwatched")),
        int(told.get("floor_percent", 0)),
        bool(told.get("own_shop")),
    )


def effective_rights(session: Session, reseller_id: int) -> Rights:
    """Its own rights within those of everybody above it."""
    return effective_rights_of(session, [reseller_id])[reseller_id]


def effective_rights_of(session: Session, resellers: Collection[int]) -> dict[int, Rights]:
    """As `effective_rights`, of many in one query."""
    rows = session.execute(
        select(ResellerClosure.descendant_id, Reseller.rights)
        .join(Reseller, Reseller.id == ResellerClosure.ancestor_id)
        .where(ResellerClosure.descendant_id.in_(resellers))
        .order_by(ResellerClosure.depth)
    )
    chains: dict[int, list[Rights]] = {key: [] for key in resellers}
    for key, rights in rows:
        chains[key].append(stored_rights(rights))
    return {key: _together(chain or [Rights()]) for key, chain in chains.items()}


def _together(found: Sequence[Rights]) -> Rights:
    """What all of a chain may; the first is its end."""
    return Rights(
        tuple(code for code in found[0].sells if all(code in one.sells for one in found)),
        min(one.trials_per_day for one in found),
        all(one.terminate for one in found),
        all(one.refund_unused for one in found),
        any(one.refund_only_unwatched for one in found),
        max(one.floor_percent for one in found),
        all(one.own_shop for one in found),
    )


def within(rights: Rights, above: Rights) -> Rights:
    """Of some rights, what whoever stands above has too."""
    return replace(
        rights,
        sells=tuple(code for code in rights.sells if code in above.sells),
        trials_per_day=min(rights.trials_per_day, above.trials_per_day),
        terminate=rights.terminate and above.terminate,
        refund_unused=rights.refund_unused and above.refund_unused,
        floor_percent=max(rights.floor_percent, above.floor_percent),
        own_shop=rights.own_shop and above.own_shop,
    )


def checked_rights(session: Session, seller_id: int, rights: Rights, above: Rights | None) -> dict[str, Any]:
    """As they are stored. Raises InvalidInput naming what is no right, or more than `above` has."""
    if not 0 <= rights.trials_per_day <= _MOST_TRIALS:
        raise InvalidInput("trials_per_day", f"must be from 0 to {_MOST_TRIALS}")
    if not 0 <= rights.floor_percent <= _MOST_FLOOR:
        raise InvalidInput("floor_percent", f"must be from 0 to {_MOST_FLOOR}")
    _check_sold(session, seller_id, rights.sells)
    if above is not None:
        _check_within(rights, above)
    return {**asdict(rights), "sells": list(dict.fromkeys(rights.sells))}


def _check_sold(session: Session, seller_id: int, sells: Iterable[str]) -> None:
    known = set(session.scalars(select(Plan.code).where(Plan.seller_id == seller_id, Plan.code.in_(list(sells)))))
    for code in sells:
        if code not in known:
            raise InvalidInput("sells", f"there is no plan {code!r}")


def _check_within(rights: Rights, above: Rights) -> None:
    more = [code for code in rights.sells if code not in above.sells]
    if more:
        raise InvalidInput("sells", f"whoever stands above does not sell {', '.join(more)}")
    if rights.trials_per_day > above.trials_per_day:
        raise InvalidInput("trials_per_day", f"whoever stands above gives {above.trials_per_day} a day")
    for name in ("terminate", "refund_unused", "own_shop"):
        if getattr(rights, name) and not getattr(above, name):
            raise InvalidInput(name, "whoever stands above may not do that")
    if rights.floor_percent < above.floor_percent:
        raise InvalidInput("floor_percent", f"must be at least {above.floor_percent}, as above")
