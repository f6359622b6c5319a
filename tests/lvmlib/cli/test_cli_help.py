"""The examples in each command's help, and in the README, are commands that the parser takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from lvmlib.cli.app import app

LVM = typer.main.get_command(app)
README = Path(__file__).parents[3] / "README.md"


def leaves(command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Each command that isn't a group, under its full name."""
    if not hasattr(command, "commands"):
        yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*path, name))


def parsed(line: str) -> tuple[tuple[str, ...], dict]:
    """The name of the command, and its parameters; raises where an option is not known, misused, or left out."""
    command, words, path = LVM, shlex.split(line, comments=True)[1:], ()
    while hasattr(command, "commands"):
        command, path, words = command.commands[words[0]], (*path, words[0]), words[1:]
    with command.make_context(path[-1], list(words)) as context:
        return path, context.params


COMMANDS = dict(leaves(LVM))


@pytest.mark.parametrize("path", [path for path in COMMANDS if path != ("data",)], ids=" ".join)
def test_examples_parse(path: tuple[str, ...]) -> None:
    examples = re.findall(r"^\s*(lvm .+)$", COMMANDS[path].help or "", flags=re.MULTILINE)
    said = [parsed(example)[0] for example in examples]
    assert path in said
    if path[0] == "train":
        assert all(one == path for one in said) and len(examples) >= 2


def test_commands_of_the_readme_parse() -> None:
    section = README.read_text(encoding="utf-8").split("### The command `lvm`")[1].split("\n| module |")[0]
    lines = [line for block in re.findall(r"```\n(.*?)```", section, flags=re.DOTALL) for line in block.splitlines()]
    found = {parsed(line)[0] for line in lines if line.startswith("lvm ")}
    assert {("train", name) for name in ("vae", "ladder", "iaf", "biva", "made", "pixel-cnn")} <= found


def test_all_trainings_share_the_options_of_a_run() -> None:
    of_vae = {name for parameter in COMMANDS["train", "vae"].params for name in parameter.opts}
    shared = {
        "--data", "--key", "--columns", "--divide-by", "--levels", "--image-shape", "--binarize", "--held-out", "--validation",
        "--epochs", "--learning-rate", "--stages", "--batch-size", "--clip-norm", "--ema", "--patience", "--precision", "--seed",
        "--device", "--minutes", "--checkpoint-minutes", "--resume", "--out", "--pictures", "--tensorboard", "--progress",
    }  # fmt: skip
    assert shared < of_vae
    for path, command in COMMANDS.items():
        if path[0] == "train":
            names = {name for parameter in command.params for name in parameter.opts}
            assert shared < names, path
            assert ("--warm-up" in names) == (path[1] not in ("made", "pixel-cnn"))
