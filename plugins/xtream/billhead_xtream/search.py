"""Finding accounts whose ids are not known: by the panel's list calls, or by SELECTs where those are broken.

Both answer the same two questions: which accounts have exactly this login or MAC, and which accounts are there. Both
search wider than we ask (LIKE, or a collation that ignores case), so names are compared again here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from billhead.plugin import PanelUnreachable
from billhead_xtream.accounts import LINE, Resource, Row, readable_mac, text
from billhead_xtream.client import XuiClient, number

PAGE = 1000
_BY_ID = {"order[0][column]": "0", "order[0][dir]": "asc"}


class Search(Protocol):
    def ids(self, resource: Resource, name: str) -> list[int]:
        """The ids of all accounts with exactly this name. Raises AnsweredNull where the panel can't search."""

    def rows(self, resource: Resource) -> Iterator[Row]:
        """All accounts of one sort, page by page, in the order of their ids."""

    def users(self) -> Iterator[Row]:
        """The panel's own users: id, username, credits."""


def search_for(client: XuiClient) -> Search:
    return SqlSearch(client) if client.settings.find_by == "sql" else ListSearch(client)


def pages(client: XuiClient, action: str, fields: Mapping[str, str]) -> Iterator[Row]:
    """All rows of a list call. Raises AnsweredNull, and PanelUnreachable where the answer holds no rows, or the same
    ones again: a panel that does not look at `start` would never come to its end."""
    start = 0
    before: list[Row] = []
    while True:
        answer = client.read(action, {**fields, "start": str(start), "limit": str(PAGE)})
        page = answer.data or []
        if not isinstance(page, list) or not all(isinstance(row, Mapping) for row in page):
            raise PanelUnreachable(f"The answer to {action} holds no rows.")
        if page and page == before:
            raise PanelUnreachable(f"The answer to {action} is the same page again.")
        before = page
        yield from page
        start += len(page)
        # a panel that caps the page below our limit is not at its end while its total says otherwise
        if not page or (len(page) < PAGE and start >= (answer.total or 0)):
            return


class ListSearch:
    def __init__(self, client: XuiClient) -> None:
        self._client = client

    def ids(self, resource: Resource, name: str) -> list[int]:
        return _exactly(resource, name, pages(self._client, f"get_{resource.noun}s", {"search[value]": name}))

    def rows(self, resource: Resource) -> Iterator[Row]:
        return pages(self._client, f"get_{resource.noun}s", _BY_ID)

    def users(self) -> Iterator[Row]:
        return pages(self._client, "get_users", _BY_ID)


class SqlSearch:
    """`mysql_query`, where the operator allowed it: SELECT only, and what comes from outside as hexadecimal digits."""

    def __init__(self, client: XuiClient) -> None:
        self._client = client

    def ids(self, resource: Resource, name: str) -> list[int]:
        query = (
            f"SELECT {resource.id_column}, {resource.name_column} FROM {resource.table}"  # noqa: S608 - hex digits
            f" WHERE {resource.name_column} = 0x{name.encode().hex()}"
        )
        return _exactly(resource, name, self._select(query))

    def rows(self, resource: Resource) -> Iterator[Row]:
        after = 0
        while page := self._select(_page_after(resource, after)):
            yield from page
            if len(page) < PAGE:
                return
            before, after = after, number(page[-1].get(resource.id_column)) or 0
            if after <= before:
                raise PanelUnreachable("The answer to mysql_query is not in the order of the ids.")

    def users(self) -> Iterator[Row]:
        return iter(self._select("SELECT id, username, credits FROM users ORDER BY id"))

    def _select(self, query: str) -> list[Row]:
        rows = self._client.read("mysql_query", {"query": query}).data or []
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise PanelUnreachable("The answer to mysql_query holds no rows.")
        return rows


def _page_after(resource: Resource, after: int) -> str:
    columns = (
        "l.username, l.exp_date, l.enabled, l.admin_enabled, l.admin_notes, l.bouquet, l.max_connections, l.member_id,"
        " l.is_restreamer, l.pair_id, l.forced_country"
    )
    if resource is LINE:
        return (
            f"SELECT l.id, l.password, {columns} FROM `lines` l"  # noqa: S608 - `after` is a number
            f" WHERE l.is_mag = 0 AND l.is_e2 = 0 AND l.id > {after} ORDER BY l.id LIMIT {PAGE}"
        )
    key = f"d.{resource.id_column}"
    return (
        f"SELECT {key}, d.mac, d.user_id, {columns} FROM {resource.table} d"  # noqa: S608 - `after` is a number
        f" JOIN `lines` l ON l.id = d.user_id WHERE {key} > {after} ORDER BY {key} LIMIT {PAGE}"
    )


def _exactly(resource: Resource, name: str, rows: Iterable[Row]) -> list[int]:
    shown = readable_mac if resource.is_device else str
    matching = (row for row in rows if shown(text(row, resource.name_column)) == name)
    return [found for row in matching if (found := number(row.get(resource.id_column))) is not None]
