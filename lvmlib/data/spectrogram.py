"""The energy of a sound by frame and frequency: spectrogram, and log-mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.validation import check_at_least


def hertz_to_mel(frequency: Tensor) -> Tensor:
    """m = 2595 log10(1 + f / 700): nearly linear below 1,000 Hz, logarithmic above (O'Shaughnessy 1987)."""
    return 2595.0 * torch.log10(1.0 + frequency / 700.0)


def mel_to_hertz(mel: Tensor) -> Tensor:
    """f = 700 (10^(m / 2595) - 1)."""
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


@dataclass(frozen=True)
class LogMelSpectrogram:
    """ln(energy in each of some bands + floor), bands being triangles evenly spaced in mel.

    With window w, hop h and N = ``n_fft`` points, frame t has the energies

        E_t(k) = |Σ_i w_i x_{th+i} exp(-2πi ik / N)|²  (twice that, but for k = 0 and N/2) / N

    whose sum over k = 0 .. N/2 is Σ_i (w_i x_{th+i})² (Parseval). Band m has
    Σ_k H_m(f_k) E_t(k), H_m a triangle that is 1 at its centre and 0 at its neighbours'
    centres, so that between the first centre and the last all bands together are 1.
    """

    sample_rate: int
    """Hertz."""
    n_mels: int = 32
    window: float = 0.025
    """Seconds of a Hann window."""
    hop: float = 0.01
    """Seconds from frame to frame."""
    floor: float = 1e-6
    """Energy below which a band's is not told from silence."""

    def __post_init__(self) -> None:
        check_at_least("sample_rate", self.sample_rate, 1)
        check_at_least("n_mels", self.n_mels, 1)
        if not (self.window > 0 and self.hop > 0 and self.floor > 0):
            raise ValueError(f"window, hop and floor must be positive, got {self.window}, {self.hop} and {self.floor}")
        if self.window_samples < 2 or self.hop_samples < 1:
            raise ValueError(
                f"window = {self.window} and hop = {self.hop} s must be at least 2 and 1 samples at {self.sample_rate} Hz"
            )

    @property
    def window_samples(self) -> int:
        return round(self.window * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        return round(self.hop * self.sample_rate)

    @property
    def n_fft(self) -> int:
        """The least power of two that holds a window."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def centres(self) -> Float[Tensor, " n_mels"]:
        """Of the bands, in hertz, float64."""
        return self._edges()[1:-1]

    def filters(self, dtype: torch.dtype = torch.float64) -> Float[Tensor, "bins n_mels"]:
        """H_m(f_k)."""
        edges = self._edges()
        frequency = torch.arange(self.n_fft // 2 + 1, dtype=torch.float64)[:, None] * self.sample_rate / self.n_fft
        rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
        return torch.minimum(rising, falling).clamp(min=0).to(dtype)

    def n_frames(self, lengths: Int[Tensor, " batch"]) -> Int[Tensor, " batch"]:
        """How many whole windows fit: 0 where the sound is shorter than one."""
        return ((lengths - self.window_samples) // self.hop_samples + 1).clamp(min=0)

    def energies(self, waveforms: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch frames bins"]:
        """E_t(k)."""
        if waveforms.shape[1] < self.window_samples:
            return waveforms.new_zeros(len(waveforms), 0, self.n_fft // 2 + 1)
        hann = torch.hann_window(self.window_samples, periodic=True, dtype=waveforms.dtype, device=waveforms.device)
        frames = waveforms.unfold(1, self.window_samples, self.hop_samples) * hann
        power = torch.fft.rfft(frames, n=self.n_fft, dim=2).abs().square() / self.n_fft
        power[..., 1 : (self.n_fft + 1) // 2] *= 2
        return power

    def __call__(self, waveforms: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch frames n_mels"]:
        """ln(Σ_k H_m(f_k) E_t(k) + floor), nats of energy.

        Raises
        ------
        ValueError
            If ``waveforms`` holds NaN or an infinity.
        """
        if not torch.isfinite(waveforms).all():
            raise ValueError(f"waveforms holds {int((~torch.isfinite(waveforms)).sum())} values that are NaN or infinite")
        return (self.energies(waveforms) @ self.filters(waveforms.dtype).to(waveforms.device) + self.floor).log()

    def _edges(self) -> Tensor:
        highest = hertz_to_mel(torch.tensor(self.sample_rate / 2, dtype=torch.float64))
        return mel_to_hertz(torch.linspace(0.0, 1.0, self.n_mels + 2, dtype=torch.float64) * highest)
