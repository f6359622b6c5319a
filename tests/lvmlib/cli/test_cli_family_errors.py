"""Bad input to lvm train ladder, iaf, biva, made and pixel-cnn: a line, exit code 2, no folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_runs import bits, clouds, refused, run, with_gaps

CASES = {
    "no layer": ("ladder --data {bits} --latent=", "--latent must be whole numbers of at least 1"),
    "a layer of width 0": ("ladder --data {bits} --latent 3,0", "--latent must be whole numbers of at least 1"),
    "widths for one": ("ladder --data {bits} --hidden 5,4", "--hidden must be one width, of all networks, got '5,4'"),
    "widths for one, of an IAF": ("iaf --data {bits} --latent 3,2 --hidden 5,4", "--hidden must be one width, of all networks"),
    "no width": ("biva --data {bits} --hidden 0", "--hidden must be whole numbers of at least 1"),
    "sides of another depth": (
        "ladder --data {square} --network convolutional --latent 1,2 --sides 4",
        "--sides must be 2 numbers, one a layer as in --latent, got 1",
    ),
    "sides that rise": (
        "biva --data {square} --network convolutional --latent 1,2 --sides 2,4",
        "--sides must not rise from x upwards, nor be above the image's side 4, got 2,4",
    ),
    "a side above the image's": (
        "iaf --data {square} --network convolutional --latent 1,2 --sides 8,4",
        "nor be above the image's side 4",
    ),
    "sides of perceptrons": ("ladder --data {square} --latent 3,2 --sides 4,2", "--sides go with --network convolutional"),
    "images that are not square": ("ladder --data {oblong} --network convolutional", "takes square images; an example has 2 x 8"),
    "images of no shape": ("biva --data {bits} --network convolutional", "takes square images; an example has 6 values"),
    "convolutions from the bottom up": (
        "ladder --data {square} --network convolutional --inference bottom-up",
        "--inference bottom-up goes with --network perceptron or residual",
    ),
    "a Markov chain of residual blocks": ("ladder --data {bits} --network residual --markov", "--markov goes with"),
    "layers from the bottom up with a flow": (
        "iaf --data {bits} --latent 3,2 --inference bottom-up",
        "--inference bottom-up goes with one layer",
    ),
    "a convolutional ladder with a flow": (
        "iaf --data {square} --latent 1,1 --inference ladder --network convolutional --hidden 4",
        "--inference ladder goes with --network perceptron",
    ),
    "free nats of IWAE": ("ladder --data {bits} --bound iwae --free-nats 1", "--free-nats goes with --bound elbo"),
    "numbers for a ladder": ("ladder --data {numbers}", "values outside [0, 1], which a ladder of binary x does not take"),
    "numbers for a MADE of bits": ("made --data {numbers}", "--likelihood gaussian takes any"),
    "numbers for a PixelCNN": ("pixel-cnn --data {numbers}", "values outside [0, 1], which --likelihood bernoulli does not take"),
    "intensities that stay": (
        "made --data {grey} --binarize never",
        "values that are neither 0 nor 1, the first at row 1, column 1: 0.5; --binarize afresh, fixed or threshold makes them so",
    ),
    "intensities that stay, for a hierarchy": ("biva --data {grey} --binarize never", "values that are neither 0 nor 1"),
    "missing values": ("made --data {gaps}", "lvm train vae --missing integrates them out"),
    "one level": ("ladder --data {bits} --levels 1", None),
    "a PixelCNN of a table": ("pixel-cnn --data {bits}", "a PixelCNN is of images: --image-shape says their rows and columns"),
    "grey levels not said": ("made --data {bits} --likelihood discretized-logistic", "--levels 256"),
    "binarized codes": (
        "made --data {bits} --likelihood categorical --binarize fixed",
        "--binarize goes with --likelihood bernoulli",
    ),
    "samples of what is exact": ("made --data {bits} -k 5", "ln p(x) of an autoregressive model is exact"),
    "samples of what is exact, spelt out": ("pixel-cnn --data {bits} --k 5", "ln p(x) of an autoregressive model is exact"),
    "nothing to train on": ("biva", "--data must say what to train on"),
    "stages in words": ("iaf --data {bits} --stages long", "--stages must be such as 20x1e-3"),
    "nothing to be patient by": ("made --data {bits} --patience 2 --validation 0", "--validation above 0"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.chdir(tmp_path)
    square = bits(40, 16)
    for name, x in {
        "bits": bits(),
        "square": square.reshape(40, 4, 4),
        "oblong": square.reshape(40, 2, 8),
        "numbers": clouds(),
        "grey": bits() / 2 + 0.5,
        "gaps": with_gaps(bits()),
    }.items():
        np.save(f"{name}.npy", x)
    command, said = CASES[case]
    arguments = ["train", *command.format_map({name.stem: name.name for name in tmp_path.glob("*.npy")}).split()]
    if said is None:  # typer's own refusal
        result = run(*arguments)
        assert result.exit_code == 2 and "Traceback" not in result.output
    else:
        message = refused(*arguments)
        assert said in message, message
    assert not (tmp_path / "runs").exists()
