"""Where numbers were read: sources that name entries of the bibliography, and those entries as BibTeX.

The entries are kept in ``femanode/materials/bibliography.bib`` and are handed on as they stand there. A source names
one by its key, ``[@chen2014phasefield]`` or ``[@one; @another]``, or begins with a word that says why there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from femanode.config.library import describe

__all__ = ["BARE", "bibliography", "citations", "cited", "cited_by_material", "grounded", "readable"]

_FILE = Path(__file__).resolve().parents[1] / "materials" / "bibliography.bib"
_BRACKET = re.compile(r"\[(@[^\]]*)\]")
_KEY = re.compile(r"@([A-Za-z][\w-]*)")
_ENTRY = re.compile(r"@\w+\{([^,\s]+),.*?^\}", re.MULTILINE | re.DOTALL)
#: How a source begins that names no entry: a guess, an identity, arithmetic, what stands in any table, nothing.
BARE = ("estimated", "by definition", "derived", "common", "not used", "not given")


@lru_cache(maxsize=1)
def bibliography() -> dict[str, str]:
    """Every entry as it stands in the file, by key, in the file's order."""
    return {match.group(1): match.group(0) for match in _ENTRY.finditer(_FILE.read_text(encoding="utf-8"))}


def cited(source: str) -> list[str]:
    """Keys that a source names, in its order.

    Examples
    --------
    >>> cited("first yield [@sethuraman2010stress]; later less [@berla2015mechanical; @kushima2012tensile]")
    ['sethuraman2010stress', 'berla2015mechanical', 'kushima2012tensile']
    >>> cited("estimated: as for Li/Si")
    []
    """
    return [key for bracket in _BRACKET.findall(source) for key in _KEY.findall(bracket)]


def grounded(source: str) -> bool:
    """Whether a source names entries, all of them known, or says that there is none.

    Examples
    --------
    >>> grounded("Table I [@chen2014phasefield]"), grounded("the review"), grounded("[@nobody1900]")
    (True, False, False)
    """
    keys = cited(source)
    return set(keys) <= set(bibliography()) if keys else source.startswith(BARE)


def readable(source: str) -> str:
    """A source as a reader knows it: authors, journal and year in place of the entries' keys.

    Examples
    --------
    >>> readable("Table I [@chen2014phasefield]")
    'Table I (Chen et al., Journal of The Electrochemical Society 2014)'
    """
    return _BRACKET.sub(lambda bracket: f"({'; '.join(map(_short, _KEY.findall(bracket.group(1))))})", source)


def _short(key: str) -> str:
    """Authors, journal (or publisher) and year of an entry; the key where there is none."""
    entry = bibliography().get(key)
    if entry is None:
        return key
    fields = {name: " ".join(re.sub(r"[{}\\\\]", "", text).split()) for name, text in
              re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?\s*$", entry, re.MULTILINE | re.DOTALL)}
    families = [name.split(",")[0] for name in fields.get("author", key).split(" and ")]
    many = len(families) > 2 or families[-1] == "others"
    who = f"{families[0]} et al." if many else " and ".join(families)
    where = fields.get("journal") or fields.get("publisher") or fields.get("institution") or ""
    return f"{who}, {where} {fields.get('year', '')}".replace("  ", " ").strip()


def citations(sources: Iterable[tuple[str, str]]) -> str:
    """BibTeX of everything that sources name, each entry once under a comment that says what for.

    Parameters
    ----------
    sources : iterable of (str, str)
        What the source is of, in a few words, and the source.

    Returns
    -------
    str
        Entries in the order of the bibliography; keys it does not have are told in comments at the end.
    """
    used: dict[str, dict[str, None]] = {}
    for what, source in sources:
        for key in cited(source):
            used.setdefault(key, {})[what] = None
    known = bibliography()
    said = [f"% {', '.join(used[key])}\n{entry}\n" for key, entry in known.items() if key in used]
    # BibTeX reads what follows an at sign as an entry, also behind a percent sign: the key goes without.
    said += [f"% {', '.join(used[key])}: {key} is not in femanode's bibliography\n" for key in used if key not in known]
    return "\n".join(said)


def cited_by_material(name: str) -> str:
    """BibTeX of what the numbers of a material were read in.

    Parameters
    ----------
    name : str
        Bundled name or path of a material file, also of an inert one.

    Raises
    ------
    ConfigError
        As :func:`femanode.config.library.describe`.
    """
    return citations((row.path, row.source) for row in describe(name))
