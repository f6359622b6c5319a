"""What a gradebook says, without the keys that nbgrader makes up: equal gradebooks give equal dumps."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData, NullPool, create_engine, select

KEYS = {
    "assignment": ("name",),
    "notebook": ("assignment_id", "name"),
    "base_cell": ("notebook_id", "type", "name"),
    "grade_cells": ("id",),
    "solution_cells": ("id",),
    "task_cells": ("id",),
    "source_cell": ("notebook_id", "name"),
    "submitted_assignment": ("assignment_id", "student_id"),
    "submitted_notebook": ("assignment_id", "notebook_id"),
    "grade": ("cell_id", "notebook_id"),
    "comment": ("cell_id", "notebook_id"),
}
"""What names a row of each table whose key nbgrader makes up."""


def gradebook_dump(where: Path | str) -> list[tuple]:
    """All rows of all tables, sorted; a made-up key stands as the names that it leads to.

    Parameters
    ----------
    where : Path or str
        SQLite's file, or the address of any database.
    """
    engine = create_engine(where if isinstance(where, str) else f"sqlite:///{where}", poolclass=NullPool)
    tables = MetaData()
    tables.reflect(bind=engine)
    with engine.connect() as connection:
        rows = {
            name: [dict(row._mapping) for row in connection.execute(select(table))] for name, table in tables.tables.items()
        }
    named_tables = [table for table in KEYS if KEYS[table] != ("id",)]
    by_key = {row["id"]: (table, row) for table in named_tables for row in rows[table]}

    def named(value):
        if value not in by_key:
            return value
        table, row = by_key[value]
        return (table, *(named(row[column]) for column in KEYS[table]))

    dump = []
    for table in rows:
        for row in rows[table]:
            dump.append((table, *((column, named(value)) for column, value in sorted(row.items()))))
    return sorted(dump, key=repr)
