"""The Host facade in memory: what a plugin stores, and the notices and usage that it told, can be looked at."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from billhead.domain.errors import NotFound
from billhead.plugin import OpenLine, UsageReading

__all__ = ["FakeHost"]


class FakeHost:
    """Fill `customers`, `subscriptions` and `documents` by id, `lines` by number or reference; read `storage` and
    `notices`."""

    def __init__(self, plugin: str = "plugin", settings: Any = None) -> None:
        self.plugin = plugin
        self.storage: dict[str, Any] = {}
        self.customers: dict[int, Mapping[str, Any]] = {}
        self.subscriptions: dict[int, Mapping[str, Any]] = {}
        self.documents: dict[int, Mapping[str, Any]] = {}
        self.lines: dict[int | str, OpenLine] = {}
        self.notices: dict[str, tuple[int, str, Mapping[str, Any]]] = {}
        self.accounts: dict[str, str] = {}
        self.trail: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self.usage: dict[str, UsageReading] = {}
        self._settings = settings

    def settings(self) -> Any:
        return self._settings

    def get(self, key: str, default: Any = None) -> Any:
        return self.storage.get(key, default)

    def put(self, key: str, value: Any) -> None:
        self.storage[key] = value

    def change(self, key: str, change: Callable[[Any], Any], default: Any = None) -> None:
        self.storage[key] = change(deepcopy(self.storage.get(key, default)))

    def customer(self, customer_id: int) -> Mapping[str, Any]:
        return _found(self.customers, "customer", customer_id)

    def subscription(self, subscription_id: int) -> Mapping[str, Any]:
        return _found(self.subscriptions, "subscription", subscription_id)

    def document(self, document_id: int) -> Mapping[str, Any]:
        return _found(self.documents, "document", document_id)

    def notify(self, customer_id: int, kind: str, key: str, data: Mapping[str, Any]) -> None:
        self.notices.setdefault(key, (customer_id, kind, data))

    def gateway_accounts(self) -> Mapping[str, str]:
        return self.accounts

    def audit(self, action: str, subject: str, *, reason: str = "", details: Mapping[str, Any] | None = None) -> None:
        self.trail.append((action, subject, reason, details or {}))

    def line(self, *, service_id: int | None = None, login: str = "", ref: str = "") -> OpenLine:
        for key, line in self.lines.items():
            if key in (service_id, ref) or (login and line.access.login == login):
                return line
        raise NotFound("service", service_id or login or ref)

    def record_usage(self, readings: Sequence[UsageReading]) -> Mapping[str, int]:
        new = {reading.id: reading for reading in readings if reading.id not in self.usage}
        self.usage.update(new)
        return {"accepted": len(new), "duplicates": len(readings) - len(new), "rejected": 0, "late": 0}


def _found(rows: dict[int, Mapping[str, Any]], what: str, key: int) -> Mapping[str, Any]:
    if key not in rows:
        raise NotFound(what, key)
    return rows[key]
