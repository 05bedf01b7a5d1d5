"""A sentence in English that counts something: one day, two days."""

__all__ = ["counted"]


def counted(number: int, one: str, many: str) -> str:
    """Both whole sentences, as they are listed in `locale/refusals.txt`: so pages can say either in other languages."""
    return one if number == 1 else many
