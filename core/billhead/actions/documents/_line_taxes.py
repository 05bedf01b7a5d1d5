"""The taxes of one line, of a document or of a quote: one, several or none."""

from typing import Any

__all__ = ["line_taxes"]


def line_taxes(line: Any) -> list[tuple[str, int, int]]:
    """(code, ppm, minor units) of each tax on a line; none where no tax engine was asked."""
    detail = getattr(line, "detail", None)
    several = getattr(line, "taxes", None) or (detail.taxes if detail else ())
    if several:
        return [(str(code), int(ppm), int(minor)) for code, ppm, minor in several]
    if line.tax_code or line.tax_minor:
        return [(line.tax_code, line.tax_rate_ppm, line.tax_minor)]
    return []
