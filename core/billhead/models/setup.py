"""The one-time code with which an empty house is opened from a browser."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["SetupCode"]


class SetupCode(Model):
    """One row. `digest`: of the code that was printed last, "" once it was used."""

    __tablename__ = "setup_code"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1
    digest: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
