"""Makes the repository's root an nbgrader course: plain nbgrader commands and the formgrader read this."""

from pathlib import Path

from course.grading.withhold import kernel_arguments

root = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  (nbgrader puts it there)

c.CourseDirectory.course_id = "latent-variable-models"
c.CourseDirectory.root = str(root)

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
# Validation would show a syntax error as a later NameError.
c.Validator.validate_all = True
# A cell that runs longer than this is stopped, and scores nothing.
c.ExecutePreprocessor.timeout = 60
