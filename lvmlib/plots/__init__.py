"""Pictures: one look, colours that colour-blind readers can tell apart, and a text for those who cannot see them.

Every function returns a ``matplotlib.figure.Figure``, or draws on the axes it is given and
returns their figure. Nothing global is changed unless :func:`use_look` is called: pyplot is
not used, and matplotlib's settings are as before.

    figure = plot_ellipses(mixture.means_, mixture.covariances_, x=x, axis_labels=iris.axis_labels)
    show(figure, alt="Two clouds of points, each within its ellipses.")
"""

from lvmlib.plots.alignments import plot_alignment
from lvmlib.plots.alt_text import alt_text, set_alt_text, show, to_html
from lvmlib.plots.bounds import plot_bounds
from lvmlib.plots.codes import plot_code_traversal
from lvmlib.plots.dependence import plot_dependence, plot_scores
from lvmlib.plots.dequantization import plot_density_over_integers
from lvmlib.plots.gradients import plot_signal_to_noise
from lvmlib.plots.images import plot_images
from lvmlib.plots.information import plot_estimates, plot_staircase
from lvmlib.plots.label_spans import plot_label_spans
from lvmlib.plots.latent import plot_latent_space, plot_reconstructions, plot_traversal
from lvmlib.plots.layers import plot_kept_layers, plot_layer_kl
from lvmlib.plots.loadings import plot_loadings
from lvmlib.plots.look import component_colours, panels, use_look
from lvmlib.plots.mixtures import ellipse_points, plot_density, plot_ellipses
from lvmlib.plots.progress import plot_elbo

__all__ = [
    "alt_text",
    "component_colours",
    "ellipse_points",
    "panels",
    "plot_alignment",
    "plot_bounds",
    "plot_code_traversal",
    "plot_density",
    "plot_density_over_integers",
    "plot_dependence",
    "plot_elbo",
    "plot_ellipses",
    "plot_estimates",
    "plot_images",
    "plot_kept_layers",
    "plot_label_spans",
    "plot_latent_space",
    "plot_layer_kl",
    "plot_loadings",
    "plot_reconstructions",
    "plot_scores",
    "plot_signal_to_noise",
    "plot_staircase",
    "plot_traversal",
    "set_alt_text",
    "show",
    "to_html",
    "use_look",
]
