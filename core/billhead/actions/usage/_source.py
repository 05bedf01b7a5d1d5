"""What a source of events is called: a plugin, a program, or who keeps a file."""

from billhead.domain.errors import InvalidInput

__all__ = ["check_source"]

_LONGEST = 40


def check_source(source: str) -> None:
    """Raises InvalidInput for what is no name."""
    if not source.strip() or len(source) > _LONGEST or not source.isprintable():
        raise InvalidInput("source", f"{source!r} is no name of a source", hint="Up to 40 characters.")
