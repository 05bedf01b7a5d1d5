"""Whole numbers, as forms, addresses and files write them."""

__all__ = ["DIGITS", "whole_number"]

DIGITS = 18
"""So many fit a column."""


def whole_number(text: str, digits: int = DIGITS) -> int | None:
    """Of plain digits alone, and of no more than so many, so that it fits a column; None for everything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
