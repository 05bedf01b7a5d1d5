"""Say which package of a panel is bought for which plan and term, with price and length as the panel tells them now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from billhead.actions.exchange import exchange
from billhead.actions.panels._asking import AskedPanel, asked_panel
from billhead.actions.provisioning._entitled import TRIAL
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed, PanelError
from billhead.domain.periods import Term
from billhead.models.catalogue import Plan
from billhead.models.panels import PanelPackage
from billhead.plugin import Expiry, Package

__all__ = ["ChosenPackage", "choose_packages"]


@dataclass(frozen=True, slots=True)
class ChosenPackage:
    """`plan` is a plan's code, `term` as it is sold or "trial", `package` the panel's id of a package."""

    plan: str
    term: str
    package: str


def choose_packages(ctx: Context, panel_id: int, chosen: Sequence[ChosenPackage]) -> int:
    """Replace the panel's whole choice; returns how many there are. The panel is asked once.

    Raises NotFound, NotAllowed, or InvalidInput: the panel sells nothing or does not answer, a plan, term or package is
    not there, or the package is longer or shorter than the term by more than half of it.
    """
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not choose packages: it needs panels.write")

    def intend(tx: Tx) -> AskedPanel:
        asked = asked_panel(tx, panel_id)
        if asked.module.capabilities(asked.connection).expiry is not Expiry.PURCHASED:
            raise InvalidInput("panel", f"{asked.code} sells nothing to us as it is set up")
        return asked

    def call(asked: AskedPanel) -> Mapping[str, Package]:
        try:
            return asked.module.catalogue(asked.connection).packages
        except PanelError as error:
            raise InvalidInput("on", f"the panel could not be asked for its packages: {error.message}") from None

    def record(tx: Tx, asked: AskedPanel, offered: Mapping[str, Package]) -> int:
        codes = {one.plan for one in chosen}
        wanted = select(Plan.code, Plan.id).where(Plan.seller_id == asked.seller_id, Plan.code.in_(codes))
        plans = {row.code: row.id for row in tx.session.execute(wanted)}
        rows = [_row(panel_id, one, plans, offered) for one in chosen]
        if len({(row.plan_id, row.term) for row in rows}) < len(rows):
            raise InvalidInput("on", "names a plan and term twice")
        for row in rows:
            _check_length(row)
        tx.session.execute(delete(PanelPackage).where(PanelPackage.panel_id == panel_id))
        tx.session.add_all(rows)
        audit(tx, "panels.choose_packages", f"panel:{panel_id}", {"packages": len(rows)})
        return len(rows)

    saved = exchange(ctx, intend=intend, call=call, record=record)
    assert saved is not None, "intend always has a panel to ask"
    return saved


def _check_length(row: PanelPackage) -> None:
    """One package is bought for one paid term: a shorter one leaves the line dead before it is paid again."""
    if row.term == TRIAL:
        return
    sold, bought = Term.parse(row.term), Term.parse(row.package_term)
    if abs(bought.about_days - sold.about_days) * 2 > sold.about_days:
        why = f"the package {row.package} lasts {bought}, and is bought once for {sold}: choose one about as long"
        raise InvalidInput("on", why)


def _row(panel_id: int, one: ChosenPackage, plans: Mapping[str, int], offered: Mapping[str, Package]) -> PanelPackage:
    if one.plan not in plans:
        raise InvalidInput("on", f"there is no plan {one.plan!r}")
    package = offered.get(one.package)
    if package is None:
        raise InvalidInput("on", f"the panel has no package {one.package!r}; it has {', '.join(offered) or 'none'}")
    trial = one.term == TRIAL
    if trial and not package.trial_term:
        raise InvalidInput("on", f"the package {one.package} has no trial")
    return PanelPackage(
        panel_id=panel_id,
        plan_id=plans[one.plan],
        term=one.term if trial else str(Term.parse(one.term)),
        package=one.package,
        name=package.name[:120],
        package_term=package.trial_term if trial else package.term,
        cost_minor=package.trial_cost_minor if trial else package.cost_minor,
    )
