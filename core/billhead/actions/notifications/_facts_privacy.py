"""What is told about a customer's data.

kind                                         ids in `data`
export_ready                                 export_id
erasure_asked, erasure_blocked, erasing      erasure_id
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Address
from billhead.domain.errors import NoticeRejected
from billhead.models.operations import Notice
from billhead.models.privacy import DataExport, ErasureRequest

__all__ = ["PARTS"]


def _erasure(session: Session, notice: Notice) -> Mapping[str, Any]:
    row = found_row(session, ErasureRequest, int(named(notice, "erasure_id")), "erasure")
    must_be_theirs(notice, row.customer_id, "erasure")
    return {"erasure": {"due_at": row.due_at}, "data_url": _data_page(session, notice)}


def _export(session: Session, notice: Notice) -> Mapping[str, Any]:
    row = found_row(session, DataExport, int(named(notice, "export_id")), "copy of data")
    must_be_theirs(notice, row.customer_id, "copy of data")
    if row.state != "done":
        raise NoticeRejected("the copy of data that this is about is not there any more")
    return {"export": {"ends_at": row.ends_at}, "data_url": _data_page(session, notice)}


def _data_page(session: Session, notice: Notice) -> Address:
    return Address(f"{home_of(session, notice)}/account/data")


PARTS: Parts = {
    "erasing": (_erasure,),
    "erasure_asked": (_erasure,),
    "erasure_blocked": (_erasure,),
    "export_ready": (_export,),
}
