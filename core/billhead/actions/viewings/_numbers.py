"""Lines by the panel's own number of them, where a viewing names neither our reference nor a login."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from billhead.models.subscriptions import Service

__all__ = ["lines_by_number"]


def lines_by_number(session: Session, panel_id: int, remote_ids: Iterable[str]) -> dict[str, int]:
    """ "mag:7" is the line whose module keeps `mag_id` 7 in its handle; others are found by nobody."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for remote_id in remote_ids:
        noun, colon, number = remote_id.partition(":")
        if colon and noun.isalpha() and number.isalnum():
            wanted[noun].append(number)
    found: dict[str, int] = {}
    for noun, numbers in wanted.items():
        kept = cast(Service.handle_data[f"{noun}_id"].as_string(), String)
        rows = session.execute(
            select(kept, Service.id)
            .where(Service.panel_id == panel_id, kept.in_(numbers))
            .order_by((Service.lifecycle == "gone").desc(), Service.id)
        )
        found.update({f"{noun}:{number}": service_id for number, service_id in rows})
    return found
