"""Training, validation and test examples of a model that is trained, as its likelihood takes them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor

from lvmlib.cli.errors import CommandError
from lvmlib.cli.examples import Examples, Source, as_codes, as_image_shape, read_examples, refuse_missing
from lvmlib.cli.training_settings import Shape, TrainingSettings
from lvmlib.data import binarize

THRESHOLD = 0.5


@dataclass(frozen=True)
class Parts:
    """Which examples are for what; no example is in two."""

    train: Examples
    validation: Examples | None
    """Judged after each epoch, never trained on."""
    test: Examples | None
    """For ``lvm evaluate``; training never sees them."""

    def are_binary(self) -> bool:
        return all(is_binary(part) for part in (self.train, self.validation, self.test) if part is not None)


def read_parts(settings: TrainingSettings) -> Parts:
    """As the data set is published, else split by the seed: a test part first, then validation examples from the rest."""
    source = settings.source
    whole = prepared(read_examples(source, torch.float32), settings)
    if source.has_test_part:
        train, test = whole, prepared(read_examples(source, torch.float32, "test"), settings)
    else:
        train, test = _split(whole, settings.held_out, "test", settings.seed)
    if source.has_validation_part and settings.validation > 0:
        return Parts(train, prepared(read_examples(source, torch.float32, "validation"), settings), test)
    train, validation = _split(train, settings.validation, "validation", settings.seed + 1)
    return Parts(train, validation, test)


def _split(examples: Examples, share: float, name: str, seed: int) -> tuple[Examples, Examples | None]:
    """So large a share of the rows, drawn at random, apart; each in the order they had."""
    n_apart = round(share * len(examples))
    if n_apart == 0:
        return examples, None
    if n_apart == len(examples):
        raise CommandError(f"{examples.source.data} has {len(examples)} examples: none would be left to train on")
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(seed))
    apart, kept = order[:n_apart].sort().values, order[n_apart:].sort().values
    return examples.with_x(examples.x[kept], "train"), examples.with_x(examples.x[apart], name)


def prepared(examples: Examples, settings: TrainingSettings) -> Examples:
    """Codes for a categorical likelihood, else grey levels as intensities in [0, 1]; missing ones only if allowed."""
    levels = settings.levels or examples.levels
    data = examples.source.data
    if examples.lengths is not None:
        raise CommandError(f"{data} holds sequences (lengths), which {settings.noun} does not model")
    if settings.likelihood == "categorical":
        examples = as_codes(examples)
    elif not examples.x.is_floating_point():
        takes_codes = "categorical" in settings.likelihoods
        way_out = ": --likelihood categorical" if takes_codes else f", which {settings.noun} does not model"
        raise CommandError(f"{data} holds codes of symbols{way_out}")
    elif levels is not None:
        examples = examples.with_x(examples.x / (levels - 1))
    refuse_missing(examples, settings.missing, "--missing" if settings.name == "vae" else "lvm train vae --missing")
    shape = as_image_shape(settings.image_shape, examples.n_features) or examples.image_shape
    examples = dataclasses.replace(examples, image_shape=shape, levels=levels)
    if settings.likelihood == "bernoulli":
        _refuse_what_is_not_binary(examples, settings)
    return examples


def _refuse_what_is_not_binary(examples: Examples, settings: TrainingSettings) -> None:
    """Intensities from 0 to 1 are left, to be binarized; but where they are to stay, only if the likelihood takes them."""
    x = examples.x
    bad = ~x.isnan() & ~((x >= 0) & (x <= 1))
    if bad.any():
        taker = "--likelihood bernoulli" if len(settings.likelihoods) > 1 else settings.noun
        way_out = "--likelihood gaussian takes any, and " if "gaussian" in settings.likelihoods else ""
        raise CommandError(
            f"{_counted(examples, bad, 'values outside [0, 1]', f', which {taker} does not take')}; "
            f"{way_out}--levels 256 reads grey levels 0 to 255"
        )
    grey = (x != 0) & (x != 1)
    if settings.strictly_binary and settings.binarize == "never" and grey.any():
        told = _counted(examples, grey, "values that are neither 0 nor 1")
        raise CommandError(f"{told}; --binarize afresh, fixed or threshold makes them so")


def _counted(examples: Examples, bad: Tensor, what: str, why: str = "") -> str:
    """How many values are ``bad``, and where the first is."""
    row, column = bad.nonzero()[0].tolist()
    first = f"the first at {examples.place(row, column)}: {examples.x[row, column].item():g}"
    return f"{examples.source.data} has {int(bad.sum())} {what}{why}, {first}"


def is_binary(examples: Examples) -> bool:
    return bool(((examples.x == 0) | (examples.x == 1)).all())


def binarized_once(examples: Examples, how: str | None, seed: int) -> Examples:
    """For "fixed" and "afresh" each pixel by chance, once; by 0.5 for "threshold"; as they are for None and "never"."""
    if how in (None, "never"):
        return examples
    by = {"threshold": THRESHOLD} if how == "threshold" else {"random_state": seed}
    return examples.with_x(binarize(examples.x, **by))


def shape_of(parts: Parts, settings: TrainingSettings) -> Shape:
    """Numbers of categories and levels count the training part alone, unless the data set states them."""
    train = parts.train
    n_categories = levels = None
    if settings.likelihood == "categorical":
        n_categories = settings.levels or train.n_symbols or train.levels or max(2, int(train.x.max()) + 1)
    if settings.likelihood == "discretized-logistic":
        levels = train.levels
        if levels is None:
            raise CommandError("--likelihood discretized-logistic needs to know the number of grey levels: --levels 256")
    return Shape(train.n_features, n_categories, levels, train.image_shape)


def other_source(run: Source, data: str) -> Source:
    """Another file read as the run's own was, or a data set by name."""
    other = Source.of(data, divide_by=run.divide_by)
    same_kind = not run.is_named and not other.is_named and run.data.rpartition(".")[2] == other.data.rpartition(".")[2]
    return dataclasses.replace(run, data=other.data) if same_kind else other
