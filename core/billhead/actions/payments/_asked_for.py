"""What a gateway can take, and what it asks the payer for: held before anything is written or sent."""

from collections.abc import Mapping

from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.plugin import PaymentGateway

__all__ = ["check_step", "cleaned"]

_LONGEST = 200


def check_step(gateway: PaymentGateway, amount: Money) -> None:
    """Raises InvalidInput unless the gateway takes the currency, and an amount as fine as this."""
    steps = gateway.capabilities().steps
    if not steps:
        return
    step = steps.get(amount.currency)
    if step is None:
        raise InvalidInput("account", f"{gateway.label} does not take {amount.currency}")
    if amount.minor % step:
        least = Money(step, amount.currency)
        raise InvalidInput(
            "amount", f"{gateway.label} takes whole steps of {least} only, and this is {amount}",
            hint="choose another way to pay",
        )  # fmt: skip


def cleaned(gateway: PaymentGateway, typed: Mapping[str, str]) -> dict[str, str]:
    """The fields that the gateway asks for, as it wants them. Raises InvalidInput naming the one that is wrong."""
    result = {}
    for asked in gateway.checkout_fields():
        text = typed.get(asked.name, "").strip()
        if not text:
            raise InvalidInput(asked.label, "is needed")
        if len(text) > _LONGEST:
            raise InvalidInput(asked.label, "is too long")
        result[asked.name] = asked.clean(text)
    return result
