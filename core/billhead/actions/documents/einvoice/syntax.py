"""The model as XML. Every value is escaped; what is optional and empty leaves its element out."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from billhead.actions.documents.einvoice.model import SemanticInvoice

__all__ = ["as_xml"]

_TEMPLATES = Path(__file__).with_name("templates")


def as_xml(invoice: SemanticInvoice, syntax: str) -> bytes:
    """`syntax`: "ubl" or "cii"."""
    template = _environment().get_template(f"{syntax}.xml")
    return template.render(one=invoice).encode()


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
