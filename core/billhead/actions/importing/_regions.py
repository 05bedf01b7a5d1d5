"""Where something of a catalogue may be sold: `only_in = ["DE", "AT"]` or `not_in = ["US"]`, or neither: everywhere."""

from billhead.actions.catalogue._regions import checked_regions
from billhead.actions.importing._toml import Table
from billhead.domain.errors import InvalidInput
from billhead.domain.regions import EVERYWHERE, Regions

__all__ = ["read_regions"]

_KEYS = {"only_in": "only", "not_in": "except"}


def read_regions(table: Table) -> Regions:
    given = {key: table.items(key, str, 'Write countries, like ["DE", "AT"].') for key in _KEYS if table.has(key)}
    if len(given) > 1:
        table.wrong("not_in", "stands beside only_in", "Leave one of them out.")
    for key, countries in given.items():
        try:
            return checked_regions(_KEYS[key], countries)
        except InvalidInput as error:
            table.problems.add_refused(table.at(key), error)
    return EVERYWHERE
