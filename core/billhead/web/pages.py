"""Render a template in the theme of this request."""

from typing import Any

from flask import Flask, current_app

from billhead.web.theming import current_theme, environment_of

__all__ = ["install", "page"]


def install(app: Flask) -> None:
    app.jinja_env.globals["has_page"] = lambda endpoint: endpoint in app.view_functions


def page(name: str, /, **values: Any) -> str:
    """The template `name`, the theme's own where it has one, with what every template is given."""
    template = environment_of(current_theme()).get_template(name)
    current_app.update_template_context(values)
    return template.render(values)
