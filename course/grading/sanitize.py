"""What plain nbgrader and the formgrader do to a submission before they execute it, by ``nbgrader_config.py``.

:class:`Repair` makes the repairs of ``lvm-course grade``. :class:`RemoveExecutionTags`
stands in for a part of them where nbgrader grades alone: a cell tagged ``skip-execution``
is not run, and a test cell that does not run has no error, which nbgrader reads as full
marks.
"""

from __future__ import annotations

from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from course.grading.engine.repair import note, repair
from course.homework import ROOT, Homework


class Repair(NbGraderPreprocessor):
    """Repairs a notebook as :mod:`course.grading.engine.repair` says, and puts a note into it that tells what."""

    course = Unicode(str(ROOT), help="The course's folder.").tag(config=True)

    def preprocess(self, nb, resources):
        homework = Homework.read(resources["nbgrader"]["assignment"], Path(self.course))
        repaired, repairs = repair(nb, homework.notebook)
        for line in repairs:
            self.log.warning("Repaired: %s", line)
        repaired.cells[:0] = [note(repairs)] if repairs else []
        return repaired, resources


class RemoveExecutionTags(NbGraderPreprocessor):
    """Removes tags that make nbclient skip a cell or forgive its error."""

    execution_tags = List(
        Unicode(),
        ["skip-execution", "raises-exception"],
        help="Tags that change how a cell is executed: removed from every cell of a submission.",
    ).tag(config=True)

    def preprocess_cell(self, cell, resources, cell_index):
        if "tags" not in cell.metadata:
            return cell, resources
        tags = cell.metadata["tags"]
        # nbclient asks only whether a tag is `in` this: in a string, it would find it as a part
        well_formed = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
        kept = [tag for tag in tags if tag not in self.execution_tags] if well_formed else []
        if kept != tags:
            self.log.warning("Tags of cell %d changed: %r, kept %r", cell_index, tags, kept)
            cell.metadata["tags"] = kept
        return cell, resources
