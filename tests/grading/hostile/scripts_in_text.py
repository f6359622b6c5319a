"""Puts scripts into its text, its attachments and its pictures, for whoever looks at the feedback; all answers are right.

marks: 2 3 1
"""
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

SHOW = '''from IPython.display import HTML, SVG, Javascript, display

display(HTML("<script>window.taken_over_by_output = 1</script><img src=x onerror='window.taken_over_by_output = 1'>"))
display(Javascript("window.taken_over_by_output = 1"))
'''


def build(notebook, folder, name):
    text = "<script>window.taken_over = 1</script> ![a](attachment:a.svg) [b](javascript:alert(1)) <iframe src='/formgrader'>"
    script = {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='window.taken_over = 1'/>"}
    notebook.cells.append(new_markdown_cell(text, attachments={"a.svg": script}))
    notebook.cells.append(new_code_cell(SHOW))
    (folder / name).write_text(nbformat.writes(notebook))
