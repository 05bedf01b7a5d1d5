"""What `billhead panels adopt` tells of an adoption: counts, reasons and plans as one object, the lines as CSV."""

from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.csv_lines import csv_lines
from billhead.db import reading
from billhead.models.adoptions import Adoption, AdoptionLine
from billhead.models.panels import Panel

__all__ = ["COLUMNS", "lines_of", "told", "write_csv"]

COLUMNS = (
    *("remote_id", "kind", "login", "mac", "name", "ends", "bouquets", "connections", "owner", "plan", "term"),
    *("score", "reseller", "verdict", "code", "reason", "writes"),
)
_FIRST = 50


def told(adoption_id: int) -> dict[str, Any]:
    """`refusals` are the first few; all lines are in the CSV and on the admin page."""
    with reading() as session:
        row = session.get_one(Adoption, adoption_id)
        mine = AdoptionLine.adoption_id == adoption_id
        refused = select(AdoptionLine).where(mine, AdoptionLine.verdict == "refused").order_by(AdoptionLine.id)
        return {
            "adoption": row.id,
            "panel": session.get_one(Panel, row.panel_id).code,
            "dry_run": row.dry_run,
            "state": row.state,
            "error": row.error,
            "lines": row.lines,
            "adopted": row.adopted,
            "known": row.known,
            "refused": row.refused,
            "claimed": session.scalar(select(func.count()).where(mine, AdoptionLine.code == "claimed")),
            "plans": _counted(session, AdoptionLine.plan, mine, AdoptionLine.verdict == "adopt"),
            "reasons": _counted(session, AdoptionLine.code, mine, AdoptionLine.verdict == "refused"),
            "refusals": [
                {"remote_id": one.remote_id, "login": one.login, "code": one.code, "reason": one.reason}
                for one in session.scalars(refused.limit(_FIRST))
            ],
        }


def _counted(session: Session, column: Any, *where: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*where).group_by(column).order_by(func.count().desc(), column)
    return dict(session.execute(query).all())


def lines_of(found: dict[str, Any]) -> list[str]:
    verb = "would be" if found["dry_run"] else "are"
    plans = [f"  {plan}: {count}" for plan, count in found["plans"].items()]
    reasons = [f"  {code}: {count}" for code, count in found["reasons"].items()]
    first = [f"    {one['login'] or one['remote_id']}: {one['reason']}" for one in found["refusals"][:10]]
    counts = f"{found['adopted']} {verb} adopted, {found['known']} are ours already, {found['refused']} {verb} refused"
    return [
        f"{found['panel']}: {found['lines']} lines; {counts}",
        *([f"{found['claimed']} carry the reference of another Billhead"] if found["claimed"] else []),
        *plans,
        *(["Refused:", *reasons, *first] if reasons else []),
        *([f"It {found['state']}: {found['error']}"] if found["error"] else []),
    ]


def write_csv(adoption_id: int, file: Path) -> None:
    query = select(AdoptionLine).where(AdoptionLine.adoption_id == adoption_id).order_by(AdoptionLine.id)
    with reading() as session, file.open("w", newline="", encoding="utf-8") as out:
        out.writelines(csv_lines(COLUMNS, map(_cells, session.scalars(query.execution_options(yield_per=500)))))


def _cells(one: AdoptionLine) -> list[Any]:
    ends = one.ends_at.isoformat() if one.ends_at else ""
    return [ends if name == "ends" else getattr(one, name) for name in COLUMNS]
