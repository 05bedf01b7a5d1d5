"""A new password for a line: wanted now, and true when its panel has it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access.revoke_code import revoke_code
from billhead.actions.provisioning.want import want
from billhead.actions.subscriptions._services import new_password
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.models.subscriptions import Service
from billhead.plugin_host import vault

__all__ = ["PasswordReset", "reset_line_password"]


@dataclass(frozen=True, slots=True)
class PasswordReset:
    service_id: int
    version: int


@verb("access.reset_password")
def reset_line_password(tx: Tx, service_id: int) -> PasswordReset:
    """The old password serves until the panel has taken the new one; short addresses lead nowhere at once.

    A box that is paired with the line has the same password and gets the new one as well. Customers may do it so often
    a day. Raises NotFound, Conflict (not on a panel), NotAllowed (too often).
    """
    line = visible_line(tx, service_id)
    living(line.service)
    if tx.ctx.role not in (Role.STAFF, Role.SYSTEM):
        refusal = "You have changed it often enough for today. Try again tomorrow, or ask us."
        count_try(tx, f"reset:{service_id}", line.rules.resets_a_day, timedelta(days=1), refusal)
    revoke_code(tx, service_id)
    password = vault().encrypt(new_password())
    for one in (line.service, *_paired(tx, line.service)):
        want(tx, one, password=password)
    note(tx, f"service:{service_id}", version=line.service.desired_version)
    return PasswordReset(service_id, line.service.desired_version)


def _paired(tx: Tx, service: Service) -> list[Service]:
    head = service.paired_with_id or service.id
    others = (Service.id == head) | (Service.paired_with_id == head)
    query = select(Service).where(others, Service.id != service.id, Service.lifecycle == "wanted")
    return list(tx.session.scalars(query.order_by(Service.id).with_for_update()))
