"""The feedback page of a student whose submission could not be graded: what is wrong, and what to do."""

from __future__ import annotations

import html

from course.grading.engine.records import INVALID, Outcome

AGAIN = "Save the notebook (File, Save Notebook) and hand it in again."
EARLIER = "look for an earlier version in the folder <code>.ipynb_checkpoints</code> beside it, and hand that in."
ADVICE = {
    "no notebook handed in": (
        "There is no notebook of the right name in your submission.",
        "Rename your notebook to <code>{name}.ipynb</code>, exactly so.",
        AGAIN,
    ),
    "notebook is an empty file": (
        "The notebook that arrived is an empty file.",
        "Open the notebook on your computer. If your work is there, the upload went wrong: hand it in again.",
        f"If it is empty there too, {EARLIER}",
    ),
    "notebook is not JSON": (
        "The notebook that arrived is damaged or incomplete.",
        "Open the notebook in JupyterLab on your computer. If it opens, the upload broke off: hand it in again.",
        f"If it does not open, {EARLIER}",
    ),
    "notebook is JSON but": (
        "The file that arrived is not a notebook.",
        "Hand in the notebook as JupyterLab saves it, and no other file under its name.",
    ),
    "notebook is ": (
        "The notebook that arrived is too large.",
        "In JupyterLab, choose Edit, Clear Outputs of All Cells.",
        AGAIN,
    ),
}
"""By how the reason begins: what is wrong, in plain words, and what the student can do; the first that fits counts."""
OTHERWISE = (
    "What arrived can't be graded.",
    "Open the notebook in JupyterLab and choose Kernel, Restart Kernel and Run All Cells, to see that it is whole.",
    AGAIN,
)
GRADERS_FAULT = (
    "The grader could not grade your submission.",
    "You need not do anything: this is not known to be a fault of yours, and the grader tries again.",
    "If this page still says so after some days, tell your instructor.",
)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Feedback: {title}</title>
<style>
body {{ margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 46rem; color: #1f2933; background: #fff;
  font: 1rem/1.55 "Helvetica Neue", Helvetica, Arial, sans-serif; }}
h1 {{ font-size: 1.75rem; font-weight: 500; line-height: 1.25; margin: 0 0 .5rem; }}
h2 {{ font-size: 1.2rem; margin: 1.75rem 0 .5rem; }}
p.total {{ font-size: 1.3rem; font-weight: 600; margin: .25rem 0 1rem; }}
p.notice {{ margin: 0; padding: .8rem 1rem; background: #fdf3d3; border-left: .35rem solid #7a4b00;
  border-radius: .2rem; overflow-wrap: anywhere; }}
li {{ margin: .3rem 0; }}
</style>
</head>
<body>
<main>
<h1>Feedback: {title}</h1>
<p class="total">Not graded yet</p>
<p class="notice"><strong>{wrong}</strong>{detail}</p>
<h2>What to do</h2>
<ol>
{steps}
</ol>
<p>No points were given or taken: what can't be read is not counted as wrong.</p>
</main>
</body>
</html>
"""


def ungraded_page(name: str, title: str, outcome: Outcome) -> str:
    """The page's HTML.

    Parameters
    ----------
    name, title : str
        The homework's.
    outcome : Outcome
        ``invalid`` or ``failed``, with the reason.
    """
    if outcome.state == INVALID:
        found = (advice for beginning, advice in ADVICE.items() if outcome.reason.startswith(beginning))
        wrong, *steps = next(found, OTHERWISE)
        detail = f" In the grader's words: {html.escape(outcome.reason.removesuffix('.'))}."
    else:
        # what went wrong inside the grader is for the instructor, in the class report
        wrong, *steps = GRADERS_FAULT
        detail = ""
    return PAGE.format(
        title=html.escape(title),
        wrong=wrong,
        detail=detail,
        steps="\n".join(f"<li>{step.format(name=html.escape(name))}</li>" for step in steps),
    )
