"""The fresh root: what a walled process sees of the files, and where it may write.

It sees the interpreter and its libraries, read-only, at the paths where they lie; not
the repository around them, no home, no other process's files. It may write in its own
folder (a copy of the submission's, without its notebooks), in /tmp and in /dev/shm, which
are one bounded tmpfs in memory and end with it.

:class:`Plan` says what is shown and hidden, and is made once; :func:`build` carries it
out for one process, in its own mount namespace.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from course.grading.engine import linux
from course.grading.engine.limits import Limits

HOME = "/home/student"
"""Where the own folder's parent lies in the fresh root."""

SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SYSTEM_TREES = ("/usr", "/nix/store", "/gnu/store")
SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "localtime",
    "timezone",
    "fonts",
    "mime.types",
    "nsswitch.conf",
)
"""What of /etc is shown."""
DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Plan:
    """What the fresh root shows and hides; all paths absolute."""

    shown: tuple[str, ...]
    """Folders and files shown read-only at their own paths."""
    hidden: tuple[str, ...] = ()
    """Folders and files within those that are covered by empty ones."""
    links: tuple[tuple[str, str], ...] = ()
    """Symbolic links: (path, target)."""


def plan(packages: Iterable[str] = ("lvmlib",), hidden: Iterable[str] = (), shown: Iterable[str] = ()) -> Plan:
    """The plan for this interpreter.

    Parameters
    ----------
    packages
        Packages to show although they lie outside the interpreter's own folders (an
        editable install of this repository).
    hidden
        Paths that must not be seen should they lie within what is shown: the repository.
    shown
        Further paths to show, such as a folder of data sets.
    """
    trees = [tree for tree in SYSTEM_TREES if os.path.isdir(tree)]
    links = []
    for name in SYSTEM_LINKS:
        if os.path.islink(f"/{name}"):
            links.append((f"/{name}", os.readlink(f"/{name}")))
        elif os.path.isdir(f"/{name}"):
            trees.append(f"/{name}")
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        trees += [prefix, os.path.realpath(prefix)]
    for package in packages:
        spec = find_spec(package)
        if spec is None:
            raise ValueError(f"packages names {package!r}; there is no such package")
        trees += list(spec.submodule_search_locations or []) or [spec.origin]
    trees += [f"/etc/{name}" for name in SETTINGS if os.path.exists(f"/etc/{name}")]
    trees += [f"/dev/{name}" for name in DEVICES if os.path.exists(f"/dev/{name}")]
    trees += [os.path.abspath(path) for path in shown]
    # the instructor's package may be installed beside the libraries, and then the folder above it is theirs
    course = find_spec("course")
    libraries = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")}
    covered = {os.path.abspath(path) for path in hidden} - libraries
    covered = [*covered, *(course.submodule_search_locations or [] if course else [])]
    within = [path for path in covered if any(_is_within(path, tree) for tree in trees)]
    return Plan(tuple(_needed(dict.fromkeys(trees), within)), tuple(dict.fromkeys(within)), tuple(links))


def _needed(trees: Iterable[str], covered: Iterable[str]) -> list[str]:
    """The trees that no other shows already; one below a cover is needed again."""
    trees = list(trees)

    def shown_by(tree: str, outer: str) -> bool:
        between = (cover for cover in covered if _is_within(cover, outer) and _is_within(tree, cover))
        return tree != outer and _is_within(tree, outer) and not any(between)

    return [tree for tree in trees if not any(shown_by(tree, outer) for outer in trees)]


def module_files(modules: Iterable[str]) -> list[str]:
    """Files and folders that hold the code of some modules, compiled copies included, without importing any.

    A module that is not installed has none.
    """
    found = []
    for module in modules:
        top, *parts = module.split(".")
        spec = find_spec(top)
        folders = list(spec.submodule_search_locations or []) if spec else []
        if spec and not parts:
            found += folders or [spec.origin]
        for part in parts[:-1]:
            folders = [os.path.join(folder, part) for folder in folders]
        for folder in map(Path, folders if parts else []):
            for path in (folder / parts[-1], *folder.glob(f"{parts[-1]}.*")):
                if path.exists():
                    found.append(str(path))
            found += map(str, folder.glob(f"__pycache__/{parts[-1]}.*"))
    return sorted(set(found))


def build(
    plan: Plan, mountpoint: str, folder: str | None, name: str, limits: Limits, user: int, group: int
) -> dict[str, str]:
    """Make the fresh root the root of this process, and its own folder the current one.

    The process must be alone in its mount namespace and the first of its process space,
    with the right to mount.

    Parameters
    ----------
    mountpoint
        Any empty folder of the host; used only inside this mount namespace.
    folder
        The submission's folder, copied to ``/home/student/<name>``; None for an empty one.
    user, group
        Whom the writable folders belong to.

    Returns
    -------
    dict
        What could not be had although the rest stands: ``proc`` or ``pty``, with the reason.
    """
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
    # everything of the host is taken hold of before the fresh root may cover it
    trees = {path: linux.clone_mount(path) for path in plan.shown}
    source = None if folder is None else os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    root = os.path.realpath(mountpoint)
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,nr_inodes=4k,mode=0755")
    # first, since what is shown may lie below the host's /tmp
    _scratch(root, source, name, limits, user, group)
    covers = _show(plan, root, trees)
    missing = _special(root)
    for path, target in plan.links:
        os.symlink(target, root + path)
    _accounts(root, user, group)
    for path in (*covers, root):
        flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
        linux.mount(None, path, None, flags)
    os.chdir(root)
    linux.pivot_root(".", ".")
    linux.umount(".", linux.MNT_DETACH)
    os.chdir(f"{HOME}/{name}")
    return missing


def check_readable(plan: Plan) -> None:
    """Raise :class:`PermissionError` where this process, which sees the fresh root, can't read what it is shown."""
    for path in plan.shown:
        if os.path.isdir(path) and path not in plan.hidden and not os.access(path, os.R_OK | os.X_OK):
            raise PermissionError(
                f"{path} can't be read by user number {os.getuid()}, the submission's; chmod -R o+rX lets it"
            )


def _is_within(path: str, tree: str) -> bool:
    return path == tree or path.startswith(tree.rstrip("/") + "/")


def _show(plan: Plan, root: str, trees: dict[str, int]) -> list[str]:
    """Attach what is shown and cover what is hidden, outer paths first; the covers of folders are returned."""
    empty = f"{root}/.empty"
    os.close(os.open(empty, os.O_CREAT | os.O_WRONLY, 0o444))
    covers = []
    for path in sorted({*plan.shown, *plan.hidden}, key=lambda path: path.count("/")):
        target = root + path
        if path in trees:
            _mountpoint(target, os.path.isdir(path))
            linux.attach_mount(trees[path], target)
        elif os.path.isdir(target):
            linux.mount("tmpfs", target, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=64k,mode=0755")
            covers.append(target)
        elif os.path.exists(target):
            linux.attach_mount(linux.clone_mount(empty), target)
    return covers


def _mountpoint(target: str, is_folder: bool) -> None:
    if os.path.lexists(target):
        return
    os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
    if not is_folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))


def _special(root: str) -> dict[str, str]:
    """/proc of the own process space, terminals of its own, and the usual names in /dev."""
    missing = {}
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    os.makedirs(f"{root}/dev/pts")
    os.makedirs(f"{root}/proc")
    try:
        # read-only: to the kernel's settings there, root's number alone is right enough, without any capability
        linux.mount("proc", f"{root}/proc", "proc", flags | linux.MS_RDONLY)
    except OSError as error:
        missing["proc"] = str(error)
    try:
        linux.mount("devpts", f"{root}/dev/pts", "devpts", flags & ~linux.MS_NODEV, "newinstance,ptmxmode=0666,max=16")
    except OSError as error:
        missing["pty"] = str(error)
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        os.symlink(target, f"{root}/dev/{name}")
    return missing


def _accounts(root: str, user: int, group: int) -> None:
    os.makedirs(f"{root}/etc", exist_ok=True)
    for name, text in (
        ("passwd", f"student:x:{user}:{group}:student:{HOME}:/bin/sh\n"),
        ("group", f"student:x:{group}:\n"),
        ("hosts", "127.0.0.1 localhost\n"),
    ):
        Path(f"{root}/etc/{name}").write_text(text)


def _scratch(root: str, source: int | None, name: str, limits: Limits, user: int, group: int) -> None:
    """One bounded tmpfs, seen as the home, /tmp and /dev/shm; the submission's files copied in."""
    scratch = f"{root}/.scratch"
    os.mkdir(scratch)
    options = f"size={limits.scratch_bytes},nr_inodes={limits.scratch_inodes},mode=0755"
    linux.mount("tmpfs", scratch, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    for part, place, mode in (("home", HOME, 0o755), ("tmp", "/tmp", 0o1777), ("shm", "/dev/shm", 0o1777)):
        os.mkdir(f"{scratch}/{part}")
        if part == "home":
            os.mkdir(f"{scratch}/home/{name}")
            if source is not None:
                copy_submission(source, f"{scratch}/home/{name}", user, group)
                os.close(source)
            os.chown(f"{scratch}/home/{name}", user, group)
        os.chown(f"{scratch}/{part}", user, group)
        os.chmod(f"{scratch}/{part}", mode)
        os.makedirs(root + place, exist_ok=True)
        linux.attach_mount(linux.clone_mount(f"{scratch}/{part}", read_only=False), root + place)
    linux.umount(scratch, linux.MNT_DETACH)
    os.rmdir(scratch)


def copy_submission(source: int, target: str, user: int = -1, group: int = -1) -> None:
    """Copy a submission's files: ordinary files and folders, following no link, without the notebooks.

    ``source`` is a descriptor of the folder. Raises :class:`OSError` where they do not fit.
    """
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name.endswith(".ipynb") or entry.name == ".ipynb_checkpoints":
                continue
            kind = entry.stat(follow_symlinks=False).st_mode
            path = f"{target}/{entry.name}"
            if stat.S_ISDIR(kind):
                os.mkdir(path)
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                inner = os.open(entry.name, flags, dir_fd=source)
                try:
                    copy_submission(inner, path, user, group)
                finally:
                    os.close(inner)
                os.chown(path, user, group)
            elif stat.S_ISREG(kind):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
                with (
                    open(os.open(entry.name, flags, dir_fd=source), "rb") as reader,
                    open(path, "xb") as writer,
                ):
                    os.fchown(writer.fileno(), user, group)
                    while piece := reader.read(1 << 20):
                        writer.write(piece)
