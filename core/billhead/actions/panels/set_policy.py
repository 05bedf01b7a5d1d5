"""What Billhead does about a difference, field by field, and how many missing lines make it stop and ask."""

from collections.abc import Mapping

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.panels import Panel
from billhead.plugin.provisioning import COMPARED

__all__ = ["FIELDS", "POLICIES", "set_policy"]

FIELDS = (*COMPARED, "note")
POLICIES = ("enforce", "report", "accept")


def set_policy(tx: Tx, panel_id: int, managed: Mapping[str, str], brake_percent: int) -> None:
    """`managed`: field → enforce (bring it in step), report (tell staff), accept (the panel is right); a field that is
    not named is enforced. `brake_percent` 0: repairs never stop to ask."""
    if not tx.ctx.may("panels.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change panels: it needs panels.write")
    panel = tx.session.get(Panel, panel_id, with_for_update=True)
    if panel is None:
        raise NotFound("panel", panel_id)
    for name, policy in managed.items():
        if name not in FIELDS:
            raise InvalidInput("managed", f"{name!r} is no field; there are: {', '.join(FIELDS)}")
        if policy not in POLICIES:
            raise InvalidInput(name, f"is one of {', '.join(POLICIES)}")
    if not 0 <= brake_percent <= 100:
        raise InvalidInput("brake_percent", "must be from 0 to 100")
    before = {**panel.managed, "brake_percent": panel.brake_percent}
    panel.managed = {name: policy for name, policy in managed.items() if policy != "enforce"}
    panel.brake_percent = brake_percent
    after = {**panel.managed, "brake_percent": brake_percent}
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    audit(tx, "panels.policy", f"panel:{panel_id}", {"changed": changed})
