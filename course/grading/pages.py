"""Notebooks of students shown as pages, in feedback and in the formgrader, without anything in them that runs.

A script in a student's cell would run in the browser of whoever looks at it, and in the
formgrader with the instructor's rights over the gradebook. ``nbgrader_config.py`` puts
:func:`markdown_of_cell` and :func:`html` in the place of nbconvert's filters, has it clean
HTML outputs, and has :class:`PlainOutputs` look at every notebook first.
"""

from __future__ import annotations

import html as entities
import re

import bleach
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

TAGS = frozenset(
    "a abbr b blockquote br caption center code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 "
    "h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th "
    "thead tr tt u ul var".split()
)
# no ids: the formgrader finds the fields for marks and comments by theirs
ATTRIBUTES = {
    "*": ["class", "title", "align"],
    "a": ["href", "title"],
    "img": ["src", "alt", "width", "height"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
PROTOCOLS = frozenset({"http", "https", "mailto", "data"})  # data for pictures only: see _allowed
PLACE = "verdict-"
"""How the names of places begin to which feedback's summary links."""
STYLE_SHEET = re.compile(r"<style\b(?:(?!<style\b).)*?</style\s*>", re.IGNORECASE | re.DOTALL)
ELSEWHERE = re.compile(r"https?://[^/\s]|mailto:", re.IGNORECASE)
"""How links begin that lead away: others lead to what the student handed in, or into the formgrader."""
LONGEST = 20_000
"""Characters of one text, table or cell that are shown as what they are; longer ones as plain text. Those that make
Markdown, HTML and Python look good take a time that grows with the square of the length, on texts made for it."""


class Renderer(IPythonRenderer):
    """nbconvert's own, but for a picture that was attached to the cell and is not there any more."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        try:
            return super().image(text, url, title)
        except Exception:  # from whatever else the attachments are
            return self.escape_html(f"[a picture that is not there: {text}]")


def markdown(source: str, attachments: dict | None = None) -> str:
    """HTML of a cell's Markdown: text, tables, links, pictures and mathematics, and nothing that runs.

    Parameters
    ----------
    source : str
        Whoever wrote it.
    attachments : dict, optional
        The cell's pictures, as a notebook holds them.
    """
    if len(source) > LONGEST:
        return plain(source)
    renderer = Renderer(escape=False, exclude_anchor_links=True, attachments=attachments)
    try:
        made = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # one cell that can't be read must not cost its reader the page
        return plain(source)
    return _cleaned(made)


@pass_context
def markdown_of_cell(context, source: str) -> str:
    """The filter ``markdown2html``: :func:`markdown` with the attachments of the cell that the template is at."""
    return markdown(source, getattr(context.get("cell"), "attachments", None))


def html(source: str | bytes) -> str:
    """The filter ``clean_html``: HTML that a cell put out, such as a table of pandas, without anything that runs."""
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source)
    if len(text) > 10 * LONGEST or text.count("<") > LONGEST // 10:
        return plain(text)
    return _cleaned(STYLE_SHEET.sub("", text))  # pandas puts one before each table; cleaned, it would be shown as text


def plain(text: str) -> str:
    """Text as it is, and the beginning only of a very long one."""
    rest = f"\n… and {len(text) - 5 * LONGEST} further characters" if len(text) > 5 * LONGEST else ""
    return f"<pre>{entities.escape(text[: 5 * LONGEST] + rest)}</pre>"


@pass_context
def highlighted(context, source: str, language: str | None = None, metadata: dict | None = None) -> str:
    """The filter ``highlight_code``: nbconvert's own, but for a cell so long that colouring it might take for ever."""
    if len(source) > LONGEST // 2:
        return f'<div class="highlight hl-ipython3">{plain(source)}</div>'
    from nbconvert.filters import Highlight2HTML

    return Highlight2HTML(pygments_lexer=language or "ipython3")(source, language, metadata)


class PlainOutputs(Preprocessor):
    """Removes what outputs say about how to show them, but for the size of a picture: templates don't quote it."""

    def preprocess_cell(self, cell, resources, index):
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = {kind: _sizes(about) for kind, about in output.metadata.items() if _sizes(about)}
        return cell, resources


def _sizes(about: object) -> dict[str, int]:
    sizes = about.items() if isinstance(about, dict) else ()
    return {name: size for name, size in sizes if name in ("width", "height") and type(size) is int}


def _cleaned(made: str) -> str:
    return bleach.clean(made, tags=TAGS, attributes=_allowed, protocols=PROTOCOLS, strip=False)


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        # as a picture an SVG can't run scripts, but opened by itself it can
        return value.startswith(("data:image/png", "data:image/jpeg", "data:image/gif"))
    if tag == "a" and name == "href":
        return bool(ELSEWHERE.match(value)) or value.startswith("#")
    if tag == "a" and name == "name":
        return value.startswith(PLACE)
    return name in ATTRIBUTES["*"] or name in ATTRIBUTES.get(tag, ())
