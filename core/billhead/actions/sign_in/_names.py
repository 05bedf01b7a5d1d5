"""What a person calls a passkey."""

from billhead.domain.errors import InvalidInput

__all__ = ["checked_name"]


def checked_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not 1 <= len(name) <= 60:
        raise InvalidInput("name", "give it a name of up to 60 characters, like Ada's phone")
    return name
