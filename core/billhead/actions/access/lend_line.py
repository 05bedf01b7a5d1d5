"""A plugin is told what a line is watched by, and given its panel's own client, whose calls are paced."""

from sqlalchemy import select

from billhead.actions.access._lines import living
from billhead.actions.access._live import asked_of, should_serve
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound, PanelUnreachable
from billhead.models.subscriptions import Service
from billhead.plugin import OpenLine

__all__ = ["lend_line"]


def lend_line(tx: Tx, service_id: int | None, login: str, ref: str) -> OpenLine:
    """No `verb`: its result must not be kept with an idempotency key. That staff asked, by the number or the login,
    stands in the audit trail; the reference is known to whoever was given the line, and is asked by every night.

    A name that the panel does not know any more is never lent: ten of them get our address banned there.

    Raises InvalidInput, NotFound, Conflict (several lines have the login; or it is not on its panel, or stopped),
    PanelUnreachable (the panel is not to be asked now) or what the module says.
    """
    ways = [(Service.id, service_id), (Service.login, login), (Service.handle, ref)]
    given = [column == value for column, value in ways if value not in (None, "")]
    if len(given) != 1:
        raise InvalidInput("service_id", "give the number of the service, its login or its reference: one of them")
    lines = tx.session.scalars(select(Service).where(given[0], Service.lifecycle == "wanted").limit(2)).all()
    if not lines:
        raise NotFound("service", service_id or login or ref)
    if len(lines) > 1:
        raise Conflict(f"more than one line has the login {login}", hint="name the line by the number of its service")
    line = living(lines[0])
    if line.observed.get("login", line.login) != line.login:
        raise Conflict("The panel has this line under another login yet.")
    asking = asked_of(tx, line)
    if isinstance(asking, str):
        raise PanelUnreachable(asking)
    if not should_serve(asking.desired):
        raise Conflict("This line is stopped, or its time is over.")
    if not ref:
        audit(tx, "access.seen", f"service:{line.id}", {})
    connection = asking.view.connection
    return OpenLine(asking.view.module.access(connection, asking.desired), connection.http)
