"""A department of support: made or changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.people import User
from billhead.models.support import Department

__all__ = ["DepartmentEntry", "save_department"]


@dataclass(frozen=True, slots=True)
class DepartmentEntry:
    """`staff_ids` empty: all of staff see its tickets."""

    name: str
    mail: str = ""
    staff_ids: Sequence[int] = ()
    position: int = 0
    retired: bool = False


@verb("support.save_department", permission="sellers.write")
def save_department(
    tx: Tx, seller_id: int, entry: DepartmentEntry, department_id: int | None = None, reseller_id: int | None = None
) -> int:
    """Its id. `reseller_id`: whose tickets they are, where they are not staff's. Raises NotFound, or InvalidInput
    naming the field: two of a name, an address that is none or is taken."""
    new = Department(seller_id=seller_id, reseller_id=reseller_id)
    row = tx.session.get(Department, department_id) if department_id is not None else new
    if row is None or (row.seller_id, row.reseller_id) != (seller_id, reseller_id):
        raise NotFound("department", department_id)
    name, mail = " ".join(entry.name.split()), entry.mail.strip().lower()
    if not name:
        raise InvalidInput("name", "is needed")
    others = select(Department.id).where(Department.id != (department_id or 0))
    if tx.session.scalar(others.where(Department.seller_id == seller_id, Department.name == name)) is not None:
        raise InvalidInput("name", f"there is a department {name} already")
    if mail:
        _check_mail(mail)
        if tx.session.scalar(others.where(Department.mail == mail)) is not None:
            raise InvalidInput("mail", f"{mail} is another department's")
    wanted = sorted(set(entry.staff_ids))
    known = select(User.id).where(User.id.in_(wanted), User.role == Role.STAFF.value)
    if len(set(tx.session.scalars(known))) != len(wanted):
        raise InvalidInput("staff_ids", "only staff can see tickets")
    row.name, row.mail, row.staff_ids = name, mail, wanted
    row.position, row.retired = entry.position, entry.retired
    tx.session.add(row)
    tx.session.flush()
    note(tx, f"department:{row.id}", name=name, mail=mail, staff=wanted, retired=row.retired)
    return row.id


def _check_mail(mail: str) -> None:
    local, at, domain = mail.partition("@")
    if (
        not (local and at and "." in domain)
        or not mail.isascii()
        or not mail.isprintable()
        or set(mail) & set(' <>,;:"+')
    ):
        raise InvalidInput("mail", f"{mail!r} is no plain e-mail address")
