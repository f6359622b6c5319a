"""Remove from a submission the cell tags that change how its cells are executed.

A cell tagged ``skip-execution`` is not run, and a test cell that does not run has no
error, which nbgrader reads as full marks. ``nbgrader_config.py`` adds the preprocessor to
those that clean a submission before it is executed.
"""

from __future__ import annotations

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode


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
