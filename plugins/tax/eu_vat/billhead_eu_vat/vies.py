"""VIES, the Commission's service that asks the member states' registers whether a VAT id exists.

Its REST interface: POST …/check-vat-number with country code and number, and the requester's for a consultation number.
An answer has `valid`; what went wrong comes as `errorWrappers`, with status 200 as well as with others.
"""

import json
from typing import Any

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from billhead.plugin import CheckerConnection, InvalidInput, TaxIdAnswer, TaxServiceDown
from billhead_eu_vat.places import STATES

__all__ = ["Vies"]

_PREFIX_OF = {"GR": "EL"}
_PREFIXES = frozenset({_PREFIX_OF.get(state, state) for state in STATES} | {"XI"})
_REFUSED_REQUESTER = "INVALID_REQUESTER_INFO"
_NO_ID = "INVALID_INPUT"  # the register can't have such a number


class Vies:
    code = "vies"
    label = "VIES"

    def normalise(self, tax_id: str, country: str) -> str:
        """With its country in front: "de 123 456 788" → "DE123456788"; without one, the buyer's is taken."""
        plain = "".join(sign for sign in tax_id.upper() if sign.isalnum())
        own = _PREFIX_OF.get(country.upper(), country.upper())
        if plain[:2] == "GR":
            plain = f"EL{plain[2:]}"
        if plain[:2] not in _PREFIXES:
            of_another_country = plain[:2].isalpha() and not eu_vat.is_valid(own + plain)
            if own not in _PREFIXES or not plain or of_another_country:
                return ""
            plain = own + plain
        if plain[:2] != "XI":  # Northern Ireland's are British numbers, which python-stdnum has elsewhere
            try:
                eu_vat.validate(plain)
            except ValidationError as error:
                why = f"{plain} can't be a VAT id of {plain[:2]}: {str(error).lower().rstrip('.')}"
                raise InvalidInput("vat_id", why, hint="copy it with the letters of its country") from error
        return plain

    def check(self, checker: CheckerConnection, tax_id: str, requester: str) -> TaxIdAnswer:
        asked = {"countryCode": tax_id[:2], "vatNumber": tax_id[2:]}
        own = "".join(sign for sign in requester.upper() if sign.isalnum())
        with_us = {"requesterMemberStateCode": own[:2], "requesterNumber": own[2:]} if own[:2] in _PREFIXES else {}
        answer = _asked(checker, asked | with_us)
        if with_us and _error_of(answer) == _REFUSED_REQUESTER:
            answer = _asked(checker, asked)  # our own id is not known there: an answer without its number is one
        error = _error_of(answer)
        if error == _NO_ID:
            return TaxIdAnswer(False)
        if error:
            raise TaxServiceDown(f"VIES could not ask {tax_id[:2]}: {error}")
        valid = answer.get("valid")
        if not isinstance(valid, bool) or any(answer.get(name, told) != told for name, told in asked.items()):
            raise TaxServiceDown("VIES gave an answer that says neither yes nor no")
        return TaxIdAnswer(
            valid, _text(answer, "requestIdentifier"), _text(answer, "name"), " ".join(_text(answer, "address").split())
        )


def _asked(checker: CheckerConnection, question: dict[str, str]) -> dict[str, Any]:
    url = f"{checker.settings.vies_url.rstrip('/')}/check-vat-number"
    response = checker.http.read(url, method="POST", json=question, headers={"Accept": "application/json"})
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError) as error:  # lists in lists in lists are none of its
        raise TaxServiceDown(f"VIES answered with status {response.status} and no JSON") from error
    if not isinstance(answer, dict):
        raise TaxServiceDown(f"VIES answered with status {response.status} and no object")
    if response.status >= 300 and not _error_of(answer):
        raise TaxServiceDown(f"VIES answered with status {response.status}")
    return answer


def _error_of(answer: dict[str, Any]) -> str:
    """The word of the first error, "" if there is none."""
    if answer.get("actionSucceed") is False or answer.get("errorWrappers"):
        wrappers = answer.get("errorWrappers")
        first = wrappers[0] if isinstance(wrappers, list) and wrappers else {}
        return str(first.get("error") if isinstance(first, dict) else "") or "UNKNOWN"
    said = str(answer.get("userError") or "")
    return "" if said in ("", "VALID", "INVALID") else said


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return "" if not isinstance(value, str) or set(value) <= {"-", " "} else value
