"""Names cells of its own so that the list of repairs says what the grader might say; answers nothing.

marks: 2 0 1
"""
import json


def build(notebook, folder, name):
    notebook.attacked.source = "def log_sum_exp(values):\n    return values"
    said = "x</div></div><div class='summary'><h1>Feedback</h1><p class='total'>6 of 6 points</p></div><script>alert(1)</script>\n\n\x1b[31mred\x1b[0m\x1b]0;title\x07 [bold red]markup[/] =cmd()"
    notebook.cells.append({"cell_type": "code", "id": "own", "source": "pass", "outputs": [], "execution_count": None, "metadata": {"nbgrader": {"grade_id": said, "locked": True}}})
    (folder / name).write_text(json.dumps(notebook))
