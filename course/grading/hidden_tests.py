"""What students must not read in their feedback: hidden tests, reference solutions and mark schemes.

nbgrader puts them into every autograded notebook, and its feedback shows that notebook.
"""

from __future__ import annotations

import re

from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_locked

MARKER = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
SAID = {
    "HIDDEN TESTS": "Hidden tests follow here; they are not shown.",
    "SOLUTION": "The reference solution is not shown.",
    "MARK SCHEME": "The mark scheme is not shown.",
}
HIDDEN_LINE = "(a hidden test)"
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
NUMBERED = re.compile(r"^\s*(?:-+>)?\s*\d+ ?")
"""How a traceback of IPython begins a line of source: an arrow perhaps, and the line's number."""
TELLING = 12
"""Characters up to which a line, such as ``else:``, gives nothing away wherever it stands."""


class HideTests(NbGraderPreprocessor):
    """Puts one line in the place of what is marked, and takes it out of tracebacks and printed text too."""

    def preprocess(self, nb, resources):
        secrets: dict[int, set[str]] = {}
        shown: set[str] = set()
        for number, cell in enumerate(nb.cells):
            if is_locked(cell):
                cell.source, secrets[number] = without_marked(cell.source, cell.cell_type)
            shown |= {line.strip() for line in cell.source.split("\n")}
        telling = {line for lines in secrets.values() for line in lines if len(line) > TELLING} - shown
        for number, cell in enumerate(nb.cells):
            for output in cell.get("outputs", ()):
                hide(output, secrets.get(number, set()), telling)
        return nb, resources


def without_marked(source: str, cell_type: str = "code") -> tuple[str, set[str]]:
    """A locked cell's text with a line in the place of each marked region, and the lines that were there.

    A region that does not end goes to the end of the cell.
    """
    kept: list[str] = []
    taken: set[str] = set()
    inside = False
    for line in source.split("\n"):
        marker = MARKER.search(line)
        if marker and marker[1] == "BEGIN" and not inside:
            said = SAID[marker[2]]
            kept.append(f"# {said}" if cell_type == "code" else f"*{said}*")
        if inside or marker:
            taken.add(line.strip())
        else:
            kept.append(line)
        if marker:
            inside = marker[1] == "BEGIN"
    return "\n".join(kept), taken - {""}


def hide(output, own: set[str], telling: set[str]) -> None:
    """Put :data:`HIDDEN_LINE` in the place of every hidden line that an output shows, in place.

    Parameters
    ----------
    own : set of str
        Hidden lines of the output's cell: not shown wherever a line is equal to one of them.
    telling : set of str
        Hidden lines of the notebook that are not shown within longer lines either.
    """
    if output.output_type == "error":
        output.traceback = [_without(text, own, telling) for text in output.traceback]
    elif output.output_type == "stream":
        output.text = _without(output.text, own, telling)


def _without(text: str, own: set[str], telling: set[str]) -> str:
    return "\n".join(HIDDEN_LINE if _tells(line, own, telling) else line for line in text.split("\n"))


def _tells(line: str, own: set[str], telling: set[str]) -> bool:
    plain = ANSI.sub("", line)
    return NUMBERED.sub("", plain).strip() in own or any(secret in plain for secret in telling)
