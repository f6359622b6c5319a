"""Makes the repository's root an nbgrader course: plain nbgrader commands and the formgrader read this."""

from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader puts it there)

c.CourseDirectory.course_id = "latent-variable-models"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)

# A deleted test cell would keep its old score at a regrade.
c.OverwriteCells.add_missing_cells = True
# Validation would show a syntax error as a later NameError.
c.Validator.validate_all = True
# A cell that runs longer than this is stopped, and scores nothing.
c.ExecutePreprocessor.timeout = 60
