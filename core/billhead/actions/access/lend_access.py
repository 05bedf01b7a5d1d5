"""A plugin is told what a line is watched by, for work that staff began: that it asked stands in the audit trail."""

from sqlalchemy import select

from billhead.actions.provisioning.show_access import show_access
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.subscriptions import Service
from billhead.plugin import Access

__all__ = ["lend_access"]


def lend_access(tx: Tx, service_id: int | None, login: str) -> Access:
    """No `verb`: its result must not be kept with an idempotency key. By the number or by the login.

    Raises InvalidInput, NotFound, Conflict (several lines have the login) or what the module says.
    """
    if (service_id is None) == (not login):
        raise InvalidInput("service_id", "give the number of the service or its login: one of them")
    wanted = Service.login == login if service_id is None else Service.id == service_id
    lines = tx.session.scalars(select(Service).where(wanted, Service.lifecycle == "wanted").limit(2)).all()
    if not lines:
        raise NotFound("service", login or service_id)
    if len(lines) > 1:
        raise Conflict(f"more than one line has the login {login}", hint="name the line by the number of its service")
    audit(tx, "access.seen", f"service:{lines[0].id}", {})
    return show_access(tx.session, lines[0])
