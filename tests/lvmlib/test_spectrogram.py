"""The spectrogram of known sounds."""

import math

import pytest
import torch

from lvmlib.data.spectrogram import LogMelSpectrogram, hertz_to_mel, mel_to_hertz


def noise(batch, samples, seed, dtype=torch.float64):
    return torch.randn(batch, samples, generator=torch.Generator().manual_seed(seed), dtype=dtype)


class TestEnergies:
    def test_sum_is_that_of_the_windowed_samples(self):
        """Parseval, frame by frame."""
        spectrogram = LogMelSpectrogram(8000)
        x = noise(3, 1000, seed=1)
        energies = spectrogram.energies(x)
        assert energies.shape == (3, 11, 129)
        window = torch.hann_window(200, dtype=torch.float64)
        for t in range(11):
            expected = (window * x[:, 80 * t : 80 * t + 200]).square().sum(dim=1)
            torch.testing.assert_close(energies[:, t].sum(dim=1), expected, rtol=1e-13, atol=0)

    def test_a_sinusoid_by_hand(self):
        """A cos(2π f t) at a bin's frequency: |A/2 Σ w|² twice over N there, in every frame."""
        spectrogram = LogMelSpectrogram(8000)
        frequency = 40 * 8000 / 256
        x = 0.7 * torch.cos(2 * math.pi * frequency * torch.arange(1000, dtype=torch.float64) / 8000 + 0.4)[None]
        energies = spectrogram.energies(x)
        expected = 2 * (0.35 * torch.hann_window(200, dtype=torch.float64).sum()) ** 2 / 256
        # the image at -f leaks in: a Hann window's lobes 80 bins off are below 1e-5 of the peak
        torch.testing.assert_close(energies[0, :, 40], expected.expand(11), rtol=1e-4, atol=0)
        assert (energies[0].argmax(dim=1) == 40).all()

    def test_against_torch_stft(self):
        """With a window of n_fft points torch.stft takes the same frames."""
        spectrogram = LogMelSpectrogram(8000, window=0.032, hop=0.0125)
        assert spectrogram.window_samples == spectrogram.n_fft == 256
        x = noise(2, 900, seed=2)
        window = torch.hann_window(256, dtype=torch.float64)
        stft = torch.stft(x, 256, 100, 256, window, center=False, return_complex=True).abs().square() / 256
        stft[:, 1:-1] *= 2
        torch.testing.assert_close(spectrogram.energies(x), stft.transpose(1, 2), rtol=1e-12, atol=1e-12)


class TestMel:
    def test_scale(self):
        # 1,000 Hz is 1,000 mel, to the scale's own rounding; and there and back
        assert hertz_to_mel(torch.tensor(1000.0, dtype=torch.float64)).item() == pytest.approx(1000, abs=0.02)
        frequency = torch.tensor([0.0, 55.0, 700.0, 3999.0], dtype=torch.float64)
        torch.testing.assert_close(mel_to_hertz(hertz_to_mel(frequency)), frequency, rtol=1e-12, atol=1e-10)
        assert hertz_to_mel(torch.tensor(700.0, dtype=torch.float64)).item() == pytest.approx(2595 * math.log10(2))

    def test_filters_share_out_all_energy_between_the_outer_centres(self):
        spectrogram = LogMelSpectrogram(8000, n_mels=20)
        filters, centres = spectrogram.filters(), spectrogram.centres
        frequency = torch.arange(129, dtype=torch.float64) * 8000 / 256
        between = (frequency >= centres[0]) & (frequency <= centres[-1])
        torch.testing.assert_close(filters[between].sum(dim=1), torch.ones(int(between.sum()), dtype=torch.float64))
        assert (filters.sum(dim=1) <= 1 + 1e-12).all() and (filters >= 0).all() and (filters.sum(dim=0) > 0).all()
        mel = hertz_to_mel(centres)
        torch.testing.assert_close(mel.diff(), mel[:1].expand(19), rtol=1e-12, atol=0)

    @pytest.mark.parametrize("band", [3, 11, 18])
    def test_a_tone_is_loudest_in_the_band_of_its_frequency(self, band):
        spectrogram = LogMelSpectrogram(8000, n_mels=20)
        x = torch.sin(2 * math.pi * spectrogram.centres[band] * torch.arange(800) / 8000)[None]
        assert (spectrogram(x)[0].argmax(dim=1) == band).all()

    def test_silence_is_the_floor_and_twice_the_sound_is_four_times_the_energy(self):
        spectrogram = LogMelSpectrogram(8000, floor=1e-9)
        x = noise(2, 700, seed=3)
        four = torch.full((2, 7, 32), math.log(4.0), dtype=torch.float64)
        torch.testing.assert_close(spectrogram(2 * x) - spectrogram(x), four, rtol=0, atol=1e-4)
        silent = spectrogram(torch.zeros(1, 700, dtype=torch.float64))
        torch.testing.assert_close(silent, torch.full((1, 7, 32), math.log(1e-9), dtype=torch.float64))


class TestShapes:
    @pytest.mark.parametrize("samples", [199, 200, 279, 280, 281, 1000])
    def test_frames_are_as_many_as_said(self, samples):
        spectrogram = LogMelSpectrogram(8000, n_mels=7)
        expected = int(spectrogram.n_frames(torch.tensor([samples]))[0])
        assert spectrogram(noise(2, samples, seed=4)).shape == (2, expected, 7)
        assert expected == {199: 0, 200: 1, 279: 1, 280: 2, 281: 2, 1000: 11}[samples]

    def test_a_shorter_sound_s_frames_do_not_see_the_padding(self):
        spectrogram = LogMelSpectrogram(8000)
        x = noise(1, 650, seed=5)
        padded = torch.nn.functional.pad(x, (0, 350), value=3.0)
        torch.testing.assert_close(spectrogram(padded)[:, :6], spectrogram(x), rtol=1e-12, atol=1e-12)

    def test_float32(self):
        spectrogram = LogMelSpectrogram(8000)
        x = noise(2, 500, seed=6)
        single = spectrogram(x.float())
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), spectrogram(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"n_mels": 0}, "n_mels must be at least 1"),
        ({"floor": 0.0}, "floor must be positive"),
        ({"hop": -0.01}, "hop and floor must be positive"),
        ({"hop": 1e-5}, "at least 2 and 1 samples at 8000 Hz"),
    ],
)
def test_bad_settings(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        LogMelSpectrogram(8000, **settings)


def test_nan_is_refused():
    x = noise(1, 500, seed=7)
    x[0, 3] = torch.nan
    with pytest.raises(ValueError, match="waveforms holds 1 values that are NaN"):
        LogMelSpectrogram(8000)(x)
