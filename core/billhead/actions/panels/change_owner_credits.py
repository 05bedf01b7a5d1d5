"""Give a reseller of a panel credits there, or take some: what our own resellers have here is not touched."""

from dataclasses import dataclass, replace
from datetime import timedelta

from billhead.actions import tries
from billhead.actions.exchange import exchange
from billhead.actions.freeze import check_panels_open
from billhead.actions.panels._asking import AskedPanel, asked_panel
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, PanelError, PanelOutcomeUnknown
from billhead.plugin import Owner

__all__ = ["OwnerCredited", "change_owner_credits"]

_DOUBT = timedelta(minutes=10)
"""So long nothing more is sent for a reseller whose last change has no outcome: the panel may still be about to."""

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class OwnerCredited:
    """`owner` as the panel shows it afterwards; None where it was refused or stays in doubt, and `problem` says why."""

    owner: Owner | None
    problem: str = ""
    in_doubt: bool = False


def change_owner_credits(ctx: Context, panel_id: int, owner: Owner, amount_minor: int) -> OwnerCredited:
    """`owner` as it was read last: where it has another credit by now nothing is sent. Sent once, never again blindly.

    Raises NotFound, NotAllowed, InvalidInput (no reason, no amount, a panel that can't), Conflict (panels are frozen,
    or a change of this reseller is on its way or in doubt).
    """
    if not ctx.may("panels.write"):
        raise NotAllowed(f"{ctx.actor} may not change credits on a panel: it needs panels.write")
    if not ctx.reason.strip():
        raise InvalidInput("reason", "say why: it stands in the audit trail, and on panels that keep one")
    if not amount_minor:
        raise InvalidInput("amount", "is nothing")
    key = f"owner_credits:{panel_id}:{owner.remote_id}"

    def intend(tx: Tx) -> AskedPanel:
        asked = asked_panel(tx, panel_id)
        if not asked.module.capabilities(asked.connection).owner_credits:
            raise InvalidInput("panel", f"{asked.code} lets nobody change credits of its resellers as it is set up")
        check_panels_open(tx.session)
        if tries.count(tx, key, 1, _DOUBT) is None:
            raise Conflict("A change for this reseller has no outcome yet: read its credit again in ten minutes.")
        _note(tx, panel_id, owner, amount_minor, "sent")
        return asked

    def call(asked: AskedPanel) -> OwnerCredited:
        reason = ctx.reason.strip()[:_LONGEST_REASON]
        try:
            return OwnerCredited(asked.module.change_credits(asked.connection, owner, amount_minor, reason))
        except PanelOutcomeUnknown as error:
            return OwnerCredited(None, str(error), in_doubt=True)
        except PanelError as error:
            return OwnerCredited(None, str(error))

    def record(tx: Tx, _asked: AskedPanel, done: OwnerCredited) -> OwnerCredited:
        if not done.in_doubt:
            tries.forget(tx, key)
        shown = owner if done.owner is None else replace(done.owner, remote_id=owner.remote_id)
        outcome = "unknown" if done.in_doubt else "refused" if done.owner is None else "done"
        _note(tx, panel_id, shown, amount_minor, outcome)
        return done

    done = exchange(ctx, intend=intend, call=call, record=record)
    assert done is not None, "intend always has a panel to ask"
    return done


def _note(tx: Tx, panel_id: int, owner: Owner, amount_minor: int, outcome: str) -> None:
    about = {"owner": owner.remote_id, "name": owner.name, "amount_minor": amount_minor}
    about |= {"credits_minor": owner.credits_minor, "outcome": outcome}
    audit(tx, "panels.change_owner_credits", f"panel:{panel_id}", about)
