"""Statements and notifications as a bank writes them: made by mock-bank, which knows nothing of us.

`Bank().receive(1255, "RF48 0000 81")` is money that arrives; `bank.notification()` is the camt.054 of it, and
`bank.statement()` the camt.053.
"""

from datetime import UTC, date, datetime
from typing import Any

from mockbank.credits import wrap
from mockbank.messages import write_camt053, write_camt054

DAY = date(2026, 11, 23)
PAYER = "DE89370400440532013000"


class Bank:
    """One account at the bank, and what has happened on it."""

    def __init__(self, iban: str = "FI2112345600000785") -> None:
        self.account = {"id": "NC", "name": "NorthCable Oy", "iban": iban, "currency": "EUR"}
        self.records: list[dict[str, Any]] = []

    def receive(
        self, cents: int, note: str | list[str] = "", *, reference: str = "", width: int = 140, **more: Any
    ) -> str:
        """A transfer comes in; its reference at the bank."""
        key = len(self.records) + 1
        self.records.append({
            "id": key, "amount": cents, "currency": "EUR", "value_date": DAY.isoformat(), "incoming": True,
            "end_to_end_id": more.get("end_to_end_id", "NOTPROVIDED"), "debtor_name": "Aino Korhonen",
            "debtor_iban": PAYER, "debtor_bic": "", "reference": reference,
            "note": wrap([note] if note else [], width),
        })  # fmt: skip
        return f"MB-RCV-{key}"

    def take_back(self, cents: int, note: str = "", end_to_end_id: str = "NOTPROVIDED", reason: str = "MD06") -> str:
        """Money that had come is returned to who sent it."""
        return self._other("MB-CRT", cents, collected=True, returned=True, end_to_end_id=end_to_end_id,
                           remittance=[note] if note else [], return_reason=reason)  # fmt: skip

    def sent_back(self, cents: int, end_to_end_id: str = "REFUND-1", reason: str = "AC04") -> str:
        """What was paid out comes back."""
        return self._other("MB-RTR", cents, credit=True, end_to_end_id=end_to_end_id, return_reason=reason,
                           creditor_name="Aino Korhonen", creditor_iban=PAYER, creditor_bic="")  # fmt: skip

    def pay_out(self, cents: int) -> str:
        return self._other("MB-PMT", cents, end_to_end_id="RENT", creditor_name="Landlord", creditor_iban="",
                           creditor_bic="")  # fmt: skip

    def _other(self, what: str, cents: int, **more: Any) -> str:
        key = len(self.records) + 1
        self.records.append({
            "id": key, "amount": cents, "currency": "EUR", "msg_id": "M1", "pmt_inf_id": "", "instruction_id": "",
            "mandate_id": "", "debtor_name": "Aino Korhonen", "debtor_iban": PAYER, "debtor_bic": "", **more,
        })  # fmt: skip
        return f"{what}-{key}"

    def notification(self) -> bytes:
        return write_camt054(self.account, self.records, DAY, "N1", datetime(2026, 11, 23, 18, tzinfo=UTC))

    def statement(self) -> bytes:
        moved = sum(one["amount"] for one in self.records)
        made = datetime(2026, 11, 24, 3, tzinfo=UTC)
        return write_camt053(self.account, DAY, 1, 100_00, 100_00 + moved, self.records, "S1", made, UTC)
