"""Contrastive predictive coding of spoken digits, and of simulated ones where they can't be had."""

import os
from pathlib import Path

import cpc
import pytest
import torch

from lvmlib.data import speech
from lvmlib.data.files import DatasetUnavailable
from lvmlib.information.contrastive_predictive_coding import ContrastivePredictiveCoding, mean_within
from lvmlib.information.contrastive_training import held_out_information, train_predictive_coding


def learned(every, n_steps):
    """A model trained on takes 5 to 9 without labels, and takes 0 to 4."""
    train, test = every.where(every.takes >= 5), every.where(every.takes < 5)
    model = ContrastivePredictiveCoding(24, 4, frames_per_step=4, n_encoding=16, n_context=32, hidden=32, random_state=1)
    model.standardize_by(train.features, train.lengths)
    train_predictive_coding(model, train.features, train.lengths, n_steps, n_contrasts=3, learning_rate=5e-3, random_state=1)
    return model, train, test


def test_spoken_digits():
    """The past tells of the future in recordings that were held out, less the further it is, and never more than ln N."""
    folder = os.environ.get("LVMLIB_DATA")
    if not folder or not (Path(folder) / speech.FSDD.path).is_file():
        pytest.skip(f"no local folder (LVMLIB_DATA) holds {speech.FSDD.path}")
    every = cpc.recordings()
    assert len(every.digits) == 600 and every.source.startswith("github.com")
    model, train, test = learned(every, 80)
    nats = held_out_information(model, test.features, test.lengths)
    assert (nats.diff() < 0).all() and nats[-1] > 0.3 and nats[0] < torch.tensor(300.0).log()


def test_simulated_where_they_cannot_be_had(monkeypatch, capsys):
    def absent():
        raise DatasetUnavailable("there is no file")

    monkeypatch.setattr(cpc, "spoken_digits", absent)
    every = cpc.recordings()
    assert "simulated" in capsys.readouterr().out and every.source.startswith("simulated")
    labels = torch.stack([every.digits, every.speakers, every.takes], dim=1)
    assert len(every.features) == len(labels.unique(dim=0)) == 600
    # words of other sounds, whose mean frames tell the digit; padded with zeros beyond their lengths
    train, test = every.where(every.takes >= 5), every.where(every.takes < 5)
    found = cpc.probes(lambda some: mean_within(some.features, some.lengths), train, test)
    assert found["digit"] > 0.5 and found["speaker"] > 0.5
    assert all((row[n:] == 0).all() for row, n in zip(every.features, every.lengths.tolist()))
