"""Fixtures of this folder: Chromium is started here only."""

from walking import address, chromium, walker

__all__ = ["address", "chromium", "walker"]
