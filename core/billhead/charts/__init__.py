"""Charts of our own: what is to be shown as data (`Chart`, `Series`), drawn on the server as SVG without a script.

A report or a page makes a `Chart`; a template draws it with `{{ chart(it) }}`. Every chart is a figure with a title, a
description, a legend, a wide and a narrow drawing (the style sheet shows the one that fits) and its figures as a table.
"""

from billhead.charts.drawing import draw
from billhead.charts.spec import Chart, Series, Words

__all__ = ["Chart", "Series", "Words", "draw"]
