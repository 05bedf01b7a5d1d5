"""A page that is extended by another one meets all its names: what it calls like something that every page knows hides
it there, in the banner on top as well.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from jinja2 import Environment, nodes
from web_shop import Shop

from source_tree import ROOT

WEB = ROOT / "core" / "billhead" / "web"
FOLDERS = [WEB / "templates", *sorted((ROOT / "themes").glob("*/*/templates"))]


def set_at_the_top(tree: nodes.Template) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Assign):
            yield from (
                name.name for name in [node.target, *node.target.find_all(nodes.Name)] if isinstance(name, nodes.Name)
            )


def handed_over(path: Path) -> Iterator[str]:
    """Names that a view gives its page."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("page", "render_template"):
            yield from (word.arg for word in call.keywords if word.arg)


def known_to_all(app: Flask) -> set[str]:
    of_a_page: dict[str, object] = {}
    with app.test_request_context("/"):
        app.update_template_context(of_a_page)
    return {"parts", *app.jinja_env.globals, *of_a_page}


def test_no_template_and_no_view_hides_what_every_page_knows(shop: Shop):
    known, parse = (
        known_to_all(shop.app),
        Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True).parse,
    )
    hides = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in FOLDERS
        for path in sorted(folder.rglob("*.html"))
        for name in set_at_the_top(parse(path.read_text("utf-8")))
        if name in known
    ]
    hides += [
        f"{path.relative_to(ROOT)}: {name}={name}"
        for path in sorted(WEB.rglob("*.py"))
        for name in handed_over(path)
        if name in known
    ]
    assert hides == []
