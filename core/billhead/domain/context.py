"""Who acts, in what role, why, and what they may see: the first thing that every action is given."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

__all__ = ["Context", "Role", "Scope"]


class Role(StrEnum):
    SYSTEM = "system"
    STAFF = "staff"
    SUPER_RESELLER = "super_reseller"
    RESELLER = "reseller"
    CUSTOMER = "customer"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be seen: everything, one reseller's subtree, or one customer. Every query is narrowed by it."""

    reseller_id: int | None = None
    customer_id: int | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """One request, command or job run.

    `actor` is printed in the audit trail (`staff:7`, `customer:12`, `job:billing.run`); `permissions` are names such
    as `subscriptions.write`, and `*` holds all. `behind` is the staff login that acts in somebody else's area, and
    then `actor` names both (`staff:7 as customer:12`). `idempotency_key` makes a repeated action
    answer with its first result.
    """

    actor: str
    role: Role
    scope: Scope
    permissions: frozenset[str] = frozenset()
    reason: str = ""
    request_id: str = ""
    idempotency_key: str | None = None
    user_id: int | None = None
    behind: int | None = None

    @classmethod
    def system(cls, what: str, *, reason: str = "", key: str | None = None) -> Self:
        """The context of a job or command that acts for the operator."""
        return cls(
            actor=what,
            role=Role.SYSTEM,
            scope=Scope(everything=True),
            permissions=frozenset({"*"}),
            reason=reason,
            idempotency_key=key,
        )

    def may(self, permission: str) -> bool:
        return "*" in self.permissions or permission in self.permissions

    def keyed(self, key: str) -> Self:
        return replace(self, idempotency_key=key)
