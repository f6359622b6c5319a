"""Pictures: one look, every axis with its label, every figure with its text."""

from __future__ import annotations

import base64
import io
import pickle
import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from lvmlib import plots
from lvmlib.plots.alt_text import to_png

MEANS = torch.tensor([[1.0, -2.0], [4.0, 0.5], [-3.0, 2.5]], dtype=torch.float64)
COVARIANCES = torch.tensor(
    [[[2.0, 0.9], [0.9, 1.0]], [[0.5, -0.3], [-0.3, 3.0]], [[1.5, 0.2], [0.2, 0.4]]], dtype=torch.float64
)
WEIGHTS = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)


@pytest.fixture
def x():
    return torch.randn(23, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * 3


@pytest.fixture
def responsibilities():
    return torch.rand(23, 3, generator=torch.Generator().manual_seed(6), dtype=torch.float64).pow(3).softmax(dim=1)


def pixels(figure: Figure) -> np.ndarray:
    """The figure as Agg draws it, (rows, columns, 4)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def every_figure(x, responsibilities) -> dict[str, Figure]:
    return {
        "ellipses": plots.plot_ellipses(MEANS, COVARIANCES, x=x, weights=WEIGHTS, responsibilities=responsibilities),
        "density": plots.plot_density(lambda grid: -grid.square().sum(dim=1), (-2, -3), (4, 5), x=x),
        "elbo": plots.plot_elbo([-3.0, -2.5, -2.25], reference=-2.0),
    }


class TestLook:
    def test_every_figure_is_drawn_with_labels_and_text(self, x, responsibilities):
        for name, figure in every_figure(x, responsibilities).items():
            assert pixels(figure)[..., :3].std() > 5, name  # not blank
            assert figure.axes[0].get_xlabel() and figure.axes[0].get_ylabel(), name
            assert len(plots.alt_text(figure)) > 40, name

    def test_the_axes_given_are_drawn_on(self, x):
        figure, (left, right) = plots.panels(2)
        assert plots.plot_ellipses(MEANS, COVARIANCES, x=x, ax=left, axis_labels=("height (m)", "weight (kg)")) is figure
        assert plots.plot_elbo([-2.0, -1.0], ax=right) is figure
        assert (left.get_xlabel(), left.get_ylabel()) == ("height (m)", "weight (kg)")
        text = plots.alt_text(figure)
        assert "23 points" in text and "goes from -2 to -1 nats" in text

    def test_panels(self):
        figure, axes = plots.panels(5, n_columns=3, size=(2, 1.5), share=True)
        assert len(axes) == len(figure.axes) == 5
        assert figure.get_size_inches().tolist() == [6, 3]
        axes[0].set_xlim(3, 7)
        assert axes[4].get_xlim() == (3, 7)

    @pytest.mark.parametrize("arguments", [{"n_panels": 0}, {"n_panels": 2, "n_columns": 0}, {"size": (0, 1)}])
    def test_panels_refuses(self, arguments):
        with pytest.raises(ValueError, match=next(reversed(arguments))):
            plots.panels(**arguments)

    @pytest.mark.parametrize("n_components", [2, 8, 9, 25])
    def test_colours_differ(self, n_components):
        colours = plots.component_colours(n_components)
        assert colours.shape == (n_components, 3) and colours.min() >= 0 and colours.max() <= 1
        distances = np.linalg.norm(colours[:, None] - colours, axis=-1)[~np.eye(n_components, dtype=bool)]
        assert distances.min() > 0.03

    def test_colours_differ_for_the_colour_blind(self):
        # Machado, Oliveira & Fernandes 2009: linear RGB as seen with full protanopia and deuteranopia
        protanopia = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
        deuteranopia = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
        srgb = plots.component_colours(6)
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        for matrix in (protanopia, deuteranopia):
            seen = np.clip(linear @ matrix.T, 0, 1) ** (1 / 2.4)
            distances = np.linalg.norm(seen[:, None] - seen, axis=-1)[~np.eye(6, dtype=bool)]
            assert distances.min() > 0.1  # pure red and a green of equal lightness come to below 0.05

    def test_at_least_one_component(self):
        with pytest.raises(ValueError, match="n_components must be at least 1, got 0"):
            plots.component_colours(0)

    def test_settings_are_as_before(self, x, responsibilities):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # whatever earlier tests left behind
            before = dict(matplotlib.rcParams)
            for figure in every_figure(x, responsibilities).values():
                plots.to_html(figure)
            assert dict(matplotlib.rcParams) == before

    def test_use_look_is_for_figures_of_ones_own(self):
        with matplotlib.rc_context():
            plots.use_look()
            ax = Figure().subplots()
            ax.set_title("left")
            assert ax.get_title(loc="left") == "left" and not ax.spines["top"].get_visible()
            ax.plot([0, 1], [0, 1], label="a line")
            assert not ax.legend().get_frame_on()

    def test_import_loads_neither_matplotlib_nor_the_answers(self):
        # matplotlib is an extra; lvmlib.exact is not importable while a homework on mixtures is graded
        program = (
            "import sys; sys.modules['lvmlib.exact'] = None; import lvmlib.plots; "
            "print([name for name in sys.modules if name.startswith('matplotlib')])"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr

    def test_without_matplotlib_the_error_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match=r"pip install lvmlib\[plots\]"):
            plots.plot_elbo([-1.0])


class TestAltText:
    def figure(self) -> Figure:
        return plots.plot_elbo([-2.0, -1.0])

    def test_the_callers_text_replaces_the_drawn_one(self):
        figure = self.figure()
        plots.set_alt_text(figure, "A line\n   that rises.")
        assert plots.alt_text(figure) == "A line that rises."
        assert plots.alt_text(pickle.loads(pickle.dumps(figure))) == "A line that rises."

    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_an_empty_text_is_refused(self, text):
        with pytest.raises(ValueError, match="text must be a sentence"):
            plots.set_alt_text(self.figure(), text)

    def test_a_figure_without_text_is_not_shown(self):
        with pytest.raises(ValueError, match="no alt text"):
            plots.show(Figure())

    def test_html_holds_picture_and_text(self):
        figure = self.figure()
        plots.set_alt_text(figure, 'p < q & "quoted" \u2264')
        element = plots.to_html(figure)
        assert 'alt="p &lt; q &amp; &quot;quoted&quot; \u2264"' in element
        (picture,) = re.findall(r'src="data:image/png;base64,([^"]+)"', element)
        image = Image.open(io.BytesIO(base64.b64decode(picture)))
        width, height = figure.get_size_inches() * 144
        assert image.size == (int(width), int(height))
        assert image.text["Description"] == 'p < q & "quoted" \u2264'
        assert f'width="{round(width / 1.5)}"' in element

    def test_show_publishes_text_with_the_picture(self, monkeypatch):
        published = []
        monkeypatch.setattr("IPython.display.display", lambda *objects, **settings: published.append((objects, settings)))
        figure = self.figure()
        plots.show(figure, alt="A line that rises.")
        (((bundle,), settings),) = published
        assert settings["raw"] and settings["metadata"]["image/png"]["alt"] == "A line that rises."
        assert bundle["text/plain"] == "[figure: A line that rises.]"
        assert bundle["text/html"].startswith('<img alt="A line that rises."')
        assert base64.b64decode(bundle["image/png"]) == to_png(figure)

    def test_without_ipython_the_error_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "IPython.display", None)
        with pytest.raises(ImportError, match=r"pip install lvmlib\[notebook\]"):
            plots.show(self.figure())
