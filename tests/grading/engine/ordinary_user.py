"""Run a command as an ordinary user, from a test that runs as root: ``python ordinary_user.py COMMAND ...``.

An interpreter may lie where only root can go (below /root): in a mount namespace of this
process's own, the closed folders on the way to it are replaced by open ones that hold
nothing else.
"""

import os
import stat
import sys

from course.grading.engine import filesystem, linux

USER = 65534


def closed_ancestor(path: str) -> str | None:
    """The first folder on the way to ``path`` that others may not pass."""
    parts = path.strip("/").split("/")
    for depth in range(1, len(parts)):
        folder = "/" + "/".join(parts[:depth])
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


def open_the_way() -> None:
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    course = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(linux.__file__))))
    wanted = [*filesystem.plan().shown, os.path.join(course, "course")]
    behind = {path: closed for path in wanted if (closed := closed_ancestor(path))}
    trees = {path: linux.clone_mount(path) for path in behind}
    for closed in sorted(set(behind.values())):
        linux.mount("tmpfs", closed, "tmpfs", 0, "mode=0755")
    for path, tree in trees.items():
        os.makedirs(path, exist_ok=True)
        linux.attach_mount(tree, path)


if __name__ == "__main__":
    open_the_way()
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    os.environ["HOME"] = "/nonexistent"
    os.execvp(sys.argv[1], sys.argv[1:])
