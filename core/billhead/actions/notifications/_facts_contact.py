"""What is told to an address that is not confirmed yet.

kind                                         ids in `data`
channel_code                                 sealed_code
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.notifications._rows import Parts, named
from billhead.models.operations import Notice
from billhead.plugin_host import vault

__all__ = ["PARTS"]


def _code(_session: Session, notice: Notice) -> Mapping[str, Any]:
    return {"code": vault().decrypt(named(notice, "sealed_code"))}


PARTS: Parts = {"channel_code": (_code,)}
