"""Makes the repository's root an nbgrader course: plain nbgrader commands and the formgrader read this."""

import os
from pathlib import Path

from course.grading.withhold import kernel_arguments

root = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  (nbgrader puts it there)

c.CourseDirectory.course_id = "latent-variable-models"
c.CourseDirectory.root = str(root)
# The gradebook is gradebook.db, unless this names another: postgresql+psycopg://USER@HOST/DATABASE
if url := os.environ.get("LVM_GRADEBOOK"):
    c.CourseDirectory.db_url = url

# A deleted test cell would keep its old score at a regrade.
c.OverwriteCells.add_missing_cells = True
# A test cell that its student tagged skip-execution would keep its points.
c.Autograde.sanitize_preprocessors.append("course.grading.sanitize.RemoveExecutionTags")
# The kernels in which submissions run: quiet about their sockets; with one thread, since several that share
# a core wait for each other most of the time; and without the modules that would give an answer away.
threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
try:
    c.Execute.extra_arguments = [
        "--IPKernelApp.log_level=ERROR",
        f"--IPKernelApp.exec_lines=__import__('os').environ.update({threads})",
        *kernel_arguments(root),
    ]
except ValueError as error:
    # nbgrader would log any other error in this file and go on without what it says
    raise SystemExit(f"nbgrader: {error}") from error
# `nbgrader autograde` and the formgrader's button grade as `lvm-course grade` does: behind walls, with the verdicts
# outside them. LVM_GRADING=plain leaves it to nbgrader alone, for comparison; LVM_GRADING=unsafe does without walls.
if os.environ.get("LVM_GRADING") != "plain":
    c.Autograde.sanitize_preprocessors.insert(0, "course.grading.sanitize.Repair")
    c.Repair.course = str(root)
    c.WalledExecute.course = c.GradingProvisioner.course = str(root)
    c.Autograde.autograde_preprocessors = [
        "course.grading.engine.execute.WalledExecute",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
# What students read of it, and how it looks: course/grading/feedback_cells.py. Hidden tests are not shown.
c.ExplainMarks.course = str(root)
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "course.grading.hidden_tests.HideTests",
    "course.grading.feedback_cells.ExplainMarks",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    "course.grading.feedback_cells.Style",
]
# What students wrote and put out must not run in the browser of whoever looks at it, here or in the formgrader.
c.HTMLExporter.preprocessors = ["course.grading.pages.PlainOutputs"]
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "course.grading.pages.markdown_of_cell",
    "clean_html": "course.grading.pages.html",
    "highlight_code": "course.grading.pages.highlighted",
}
# Validation would show a syntax error as a later NameError.
c.Validator.validate_all = True
# A cell that runs longer than this is stopped, and scores nothing.
c.ExecutePreprocessor.timeout = 60
