"""The fresh root's plan, on folders made for the test, and what a process sees of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from walled_kernels import LIMITS, needs_walls, started

from course.grading.engine import filesystem
from course.grading.engine.warm_client import WarmServer


def tree(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(f"text of {file}")
    return root


LOOK = """
import json, os, sys, tempfile
from course.grading.engine import filesystem, walls
from course.grading.engine.limits import Limits
shown, hidden, roots = json.loads(sys.argv[1])
how = walls.available().how
ordinary = filesystem.plan()
plan = filesystem.Plan((*ordinary.shown, *shown), tuple(hidden), ordinary.links)
mountpoint = tempfile.mkdtemp()
walls.enter_namespaces(how)
child = os.fork()
if child == 0:
    walls.Walls(how, plan, mountpoint).raise_around(None, "hw1", Limits())
    seen = {}
    for root in roots:
        for folder, folders, files in os.walk(root):
            for file in files:
                with open(f"{folder}/{file}") as text:
                    seen[f"{folder}/{file}"] = text.read()
            try:
                open(f"{folder}/mine", "x")
                seen[f"{folder}/mine"] = "written"
            except OSError:
                pass
    print(json.dumps(seen), flush=True)
    os._exit(0)
os.waitpid(child, 0)
os.rmdir(mountpoint)
"""


def look(shown, hidden, roots) -> dict[str, str]:
    plan = json.dumps([list(map(str, paths)) for paths in (shown, hidden, roots)])
    done = subprocess.run([sys.executable, "-c", LOOK, plan], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout, done.stderr
    return json.loads(done.stdout)


@needs_walls
def test_what_is_hidden_within_what_is_shown_is_not_seen_and_what_is_shown_within_that_is(tmp_path):
    """A repository below a folder of libraries, with its interpreter and its library inside."""
    usr = tree(
        tmp_path / "usr",
        "lib/public.py",
        "src/course/gradebook.db",
        "src/course/answers/a.py",
        "src/course/.venv/lib/torch.py",
        "src/course/lvmlib/bounds.py",
        "src/course/lvmlib/em.py",
        "src/course/lvmlib/exact/mixture.py",
    )
    beside = tree(tmp_path / "beside", "secret.txt")
    repository = usr / "src/course"
    seen = look(
        shown=[usr, repository / ".venv", repository / "lvmlib"],
        hidden=[repository, repository / "lvmlib/em.py", repository / "lvmlib/exact"],
        roots=[usr, beside, tmp_path],
    )
    assert {path.removeprefix(str(usr)): text for path, text in seen.items()} == {
        "/lib/public.py": "text of lib/public.py",
        "/src/course/.venv/lib/torch.py": "text of src/course/.venv/lib/torch.py",
        "/src/course/lvmlib/bounds.py": "text of src/course/lvmlib/bounds.py",
        "/src/course/lvmlib/em.py": "",
    }


SETTINGS = """
import json, os, sys, tempfile
from course.grading.engine import filesystem, walls
from course.grading.engine.limits import Limits
mountpoint = tempfile.mkdtemp()
plan = filesystem.plan()
walls.enter_namespaces("user")
child = os.fork()
if child == 0:
    walls.Walls("user", plan, mountpoint).raise_around(None, "hw1", Limits())
    outcome = [os.getuid()]
    settings = ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger"]
    for file in [*settings, "/etc/passwd"]:
        try:
            os.close(os.open(file, os.O_WRONLY))
            outcome.append(file)
        except OSError:
            pass
    print(json.dumps(outcome), flush=True)
    os._exit(0)
os.waitpid(child, 0)
os.rmdir(mountpoint)
"""


@needs_walls
def test_the_kernels_settings_can_not_be_written_even_under_roots_user_number():
    """As in a container whose root may make no namespaces but those of ordinary users."""
    done = subprocess.run([sys.executable, "-c", SETTINGS], capture_output=True, text=True, timeout=60)
    if "unshare" in done.stderr:
        pytest.skip(f"no unprivileged user namespaces here: {done.stderr[-200:]}")
    assert json.loads(done.stdout) == [os.getuid()], done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's submissions run under another user number")
@needs_walls
def test_libraries_that_others_can_not_read_are_named(tmp_path):
    closed = tree(tmp_path / "closed", "library.py")
    closed.chmod(0o700)
    with pytest.raises(AssertionError, match=f"{closed} can't be read by user number 60706"):
        look([closed], [], [closed])


@needs_walls
def test_a_single_file_can_be_shown(tmp_path):
    folder = tree(tmp_path / "folder", "shown.txt", "other.txt")
    assert look([folder / "shown.txt"], [], [folder]) == {f"{folder}/shown.txt": "text of shown.txt"}


@needs_walls
def test_data_sets_can_be_read_and_not_changed(tmp_path, monkeypatch):
    data = tree(tmp_path / "data", "digits/train.csv")
    (data / "digits/train.csv").chmod(0o666)
    monkeypatch.setenv("LVMLIB_DATA", str(data))
    (tmp_path / "hw1").mkdir()
    with (
        WarmServer.start("kernel", packages=()) as server,
        started(server, tmp_path / "hw1", LIMITS, withheld=[]) as kernel,
    ):
        assert kernel.value("import os; print([open(os.environ['LVMLIB_DATA'] + '/digits/train.csv').read()])") == [
            "text of digits/train.csv"
        ]
        assert "Read-only file system" in kernel.run("open(os.environ['LVMLIB_DATA'] + '/digits/train.csv', 'a')").error


def test_the_plan_shows_the_interpreter_and_nothing_of_the_repository_but_its_library():
    plan = filesystem.plan(hidden=[str(filesystem.Path(__file__).parents[3])])
    root = str(Path(__file__).parents[3])
    assert any(sys.base_prefix == path or sys.base_prefix.startswith(f"{path}/") for path in plan.shown)
    inside = {path for path in plan.shown if path.startswith(f"{root}/")}
    assert {os.path.relpath(path, root).split("/")[0] for path in inside} <= {"lvmlib", ".venv"}
    assert root not in plan.shown


def test_a_package_that_there_is_not_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="packages names 'no_such_package'; there is no such package"):
        filesystem.plan(["no_such_package"])


def test_a_modules_files_are_found_without_importing_it(tmp_path, monkeypatch):
    tree(
        tmp_path,
        "sealed/__init__.py",
        "sealed/single.py",
        "sealed/single.cpython-311-x86_64-linux-gnu.so",
        "sealed/singular.py",
        "sealed/__pycache__/single.cpython-311.pyc",
        "sealed/__pycache__/singular.cpython-311.pyc",
        "sealed/inner/__init__.py",
        "sealed/inner/deep.py",
        "alone.py",
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def found(*modules):
        return [os.path.relpath(path, tmp_path) for path in filesystem.module_files(modules)]

    assert found("sealed.single") == [
        "sealed/__pycache__/single.cpython-311.pyc",
        "sealed/single.cpython-311-x86_64-linux-gnu.so",
        "sealed/single.py",
    ]
    assert found("sealed.inner") == ["sealed/inner"]
    assert found("sealed.inner.deep", "alone") == ["alone.py", "sealed/inner/deep.py"]
    assert found("sealed") == ["sealed"]
    assert found("not_installed", "not_installed.part", "sealed.missing") == []
    assert "sealed" not in sys.modules


def test_a_submission_is_copied_without_notebooks_links_and_special_files(tmp_path):
    source = tree(tmp_path / "in", "a.txt", "b.ipynb", "folder/c.bin", "folder/d.ipynb", ".ipynb_checkpoints/e.py")
    tree(tmp_path, "secret.txt")
    (source / "link").symlink_to(tmp_path / "secret.txt")
    (source / "folder" / "linked").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(source / "fifo")
    target = tmp_path / "out"
    target.mkdir()
    descriptor = os.open(source, os.O_RDONLY)
    filesystem.copy_submission(descriptor, str(target))
    os.close(descriptor)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == ["a.txt", "folder", "folder/c.bin"]
    assert (target / "folder/c.bin").read_text() == "text of folder/c.bin"
