"""Commands that people type for what another one does: one line each."""

from __future__ import annotations

import re

#: By the words: what to type.
TYPED = {
    ("simulate", "start", "solve", "compute", "go"): "femanode run CONFIG",
    ("validate", "lint", "estimate", "dry-run"): "femanode check CONFIG",
    ("resume", "continue", "restart"): "femanode run DIR --resume",
    ("list", "ls", "material", "library"): "femanode materials for the materials; the bundled cases are in configs/",
    ("animate", "animation", "movie", "video", "gif", "film"): "femanode plot DIR -o film.mp4, or .gif",
    ("view", "show", "open", "gui", "display"):
        "open DIR/report.html in a browser (femanode report DIR writes it anew), or femanode paraview DIR",
    ("frames", "info", "summary", "status"): "femanode plot DIR --frames lists the frames; figures are in summary.json",
    ("csv", "probe", "extract", "data"):
        "history.csv is in the run's folder; along a line, frame.along() in Python (docs/howto/python.md)",
    ("compare", "dashboard", "html", "page"): "femanode report DIR [DIR ...]",
    ("optimize", "optimise", "calibrate"): "femanode fit FIT",
    ("scan", "study", "batch", "doe"): "femanode sweep SWEEP",
    ("init", "new", "create", "template", "example", "examples"):
        "copy a file of configs/, or begin with docs/tutorial.md; femanode schema lets editors complete it",
    ("test", "selftest", "benchmark"): "femanode verify",
    ("help", "man"): "femanode --help, or femanode COMMAND --help",
    ("version",): "femanode --version",
}


def what_to_type(said: str) -> str:
    """The parser's line on an unknown command, with what does the thing meant; other lines as they are.

    Parameters
    ----------
    said : such as ``No such command 'simulate'.``
    """
    found = re.match(r"No such command '([^']*)'\.", said)
    if found is None:
        return said
    told = next((text for words, text in TYPED.items() if found[1].lower().strip("-") in words), "")
    if told:
        return f"found the unknown command '{found[1]}'; {told}"
    return said if "Did you mean" in said else f"{said} femanode --help lists them"
