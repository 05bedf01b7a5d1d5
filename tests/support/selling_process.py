"""A worker of the selling shop in a process of its own, to be killed: database, home, line and business time."""

from datetime import datetime
from pathlib import Path

from selling_shop import selling_app


def bring_in_step(url: str, home: str, line: str, now: str) -> None:
    from billhead import clock
    from billhead.actions.provisioning.converge import converge
    from billhead.domain.context import Context

    with selling_app(url, Path(home)).app_context(), clock.business_time(datetime.fromisoformat(now)):
        converge(Context.system("test"), int(line))
