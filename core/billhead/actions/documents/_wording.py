"""What a line by hand may say and cost."""

from billhead.domain.errors import InvalidInput

__all__ = ["LARGEST", "said"]

LARGEST = 10**13
_LONGEST = 200
_MOST = 100_000


def said(description: str, quantity: int, unit_minor: int) -> str:
    """The description without spaces around it. Raises InvalidInput, naming the field."""
    text = description.strip()
    if not text or len(text) > _LONGEST:
        raise InvalidInput("description", f"must have 1 to {_LONGEST} characters")
    if type(quantity) is not int or not 1 <= quantity <= _MOST:
        raise InvalidInput("quantity", f"must be a whole number from 1 to {_MOST}, got {quantity!r}")
    if type(unit_minor) is not int or abs(unit_minor) * quantity > LARGEST:
        raise InvalidInput("unit_minor", f"must be a whole number up to {LARGEST} in all, got {unit_minor!r}")
    return text
