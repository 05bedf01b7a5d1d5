"""Where a box can be, and which way it can go from there."""

from enum import StrEnum

__all__ = ["AWAY", "MOVES", "TRANSITIONS", "DeviceEvent", "DeviceState"]


class DeviceState(StrEnum):
    IN_STOCK = "in_stock"
    RESERVED = "reserved"  # for an order that is not handed out yet
    SOLD = "sold"
    RENTED = "rented"
    RETURNED = "returned"  # here again, and not looked at yet
    DEFECTIVE = "defective"
    LOST = "lost"


class DeviceEvent(StrEnum):
    RESERVE = "reserve"
    FREE = "free"
    SELL = "sell"
    RENT = "rent"
    RETURN = "return"
    BREAK = "break"
    LOSE = "lose"
    RESTOCK = "restock"


_S, _E = DeviceState, DeviceEvent

TRANSITIONS: dict[tuple[DeviceState, DeviceEvent], DeviceState] = {
    (_S.IN_STOCK, _E.RESERVE): _S.RESERVED,
    (_S.RESERVED, _E.FREE): _S.IN_STOCK,
    **{(state, _E.SELL): _S.SOLD for state in (_S.IN_STOCK, _S.RESERVED)},
    **{(state, _E.RENT): _S.RENTED for state in (_S.IN_STOCK, _S.RESERVED)},
    **{(state, _E.RETURN): _S.RETURNED for state in (_S.SOLD, _S.RENTED)},
    **{(state, _E.BREAK): _S.DEFECTIVE for state in (_S.IN_STOCK, _S.SOLD, _S.RENTED, _S.RETURNED)},
    **{(state, _E.LOSE): _S.LOST for state in (_S.IN_STOCK, _S.RENTED, _S.RETURNED)},
    **{(state, _E.RESTOCK): _S.IN_STOCK for state in (_S.RETURNED, _S.DEFECTIVE, _S.LOST)},
}

AWAY = (DeviceState.SOLD, DeviceState.RENTED)
"""In these a customer has it."""

MOVES = {"returned": DeviceEvent.RETURN, "defective": DeviceEvent.BREAK, "lost": DeviceEvent.LOSE}
"""How a box comes back, or doesn't."""
