"""Whole numbers, as forms, addresses and files write them."""

__all__ = ["whole_number"]


def whole_number(text: str, digits: int = 18) -> int | None:
    """Of plain digits alone, and of no more than so many, so that it fits a column; None for everything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
