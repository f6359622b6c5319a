"""Pictures of a hierarchy's layers: areas, images and text are those of the numbers given."""

import numpy as np
import pytest

from lvmlib import plots

KL = [[0.5, 0.25, 0.1], [1.5, 0.5, 0.2], [2.0, 1.25, 0.4], [2.25, 1.0, 0.75]]


def test_areas_are_stacked_from_layer_1_upwards():
    (ax,) = plots.plot_layer_kl(KL, epochs=[1, 3, 4, 9], title="Ladder").axes
    first, second, third = ax.collections
    at_3 = {area: sorted({round(y, 12) for x, y in area.get_paths()[0].vertices if x == 3}) for area in (first, second, third)}
    assert at_3[first] == [0, 1.5] and at_3[second] == [1.5, 2.0] and at_3[third] == [2.0, 2.2]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["$z_{3}$", "$z_{2}$", "$z_{1}$"]  # as they are stacked
    assert ax.get_ylabel() == "mean KL (nats)" and ax.get_xlabel() == "epoch" and ax.get_title(loc="left") == "Ladder"


def test_the_text_says_the_nats_of_the_last_epoch():
    text = plots.alt_text(plots.plot_layer_kl(KL, epochs=[1, 3, 4, 9], title="Ladder"))
    assert "Ladder: KL terms of 3 layers" in text
    assert "after epoch 9, in nats: 2.25 of layer 1, 1.00 of layer 2, 0.75 of layer 3." in text


def legend_and_axes(figure):
    (ax,) = figure.axes
    figure.canvas.draw()
    return ax.get_legend().get_window_extent(), ax.get_window_extent()


@pytest.mark.parametrize("n_layers", [2, 6])
def test_the_legend_is_beside_the_areas(n_layers):
    legend, axes = legend_and_axes(plots.plot_layer_kl(np.arange(1.0, 3 * n_layers + 1).reshape(3, n_layers)))
    assert legend.x0 >= axes.x1 and legend.y1 <= axes.y1 + 1


def test_a_negative_term_goes_down_from_zero_and_the_sum_is_a_line():
    (ax,) = plots.plot_layer_kl([[-0.3, 1.0, 0.2], [0.1, -0.2, 0.3], [0.2, 0.5, 0.5]]).axes
    at_1 = [sorted({round(y, 12) for x, y in area.get_paths()[0].vertices if x == 1}) for area in ax.collections]
    assert at_1 == [[0], [-0.3, 0], [0, 1.0], [-0.3], [1.0, 1.2]]  # z_1 and z_2 each above and below, z_3 above
    (line,) = ax.lines
    np.testing.assert_allclose(line.get_ydata(), [0.9, 0.2, 1.2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["sum", "$z_{3}$", "$z_{2}$", "$z_{1}$"]


def test_one_epoch_is_a_column():
    (ax,) = plots.plot_layer_kl([[0.5, 0.25]], epochs=[7]).axes
    first, second = ax.collections
    assert {x for x, _ in first.get_paths()[0].vertices} == {6.6, 7.4} and list(ax.get_xticks()) == [7]
    assert {y for _, y in second.get_paths()[0].vertices} == {0.5, 0.75}


def test_whole_epochs_have_whole_ticks():
    figure = plots.plot_layer_kl(KL)
    figure.canvas.draw()
    assert all(tick == round(tick) for tick in figure.axes[0].get_xticks())


def test_epochs_count_from_1_and_given_axes_are_used():
    figure, (_, right) = plots.panels(2)
    assert plots.plot_layer_kl(KL, ax=right) is figure
    assert {x for x, _ in right.collections[0].get_paths()[0].vertices} == {1, 2, 3, 4}


def kept_images():
    """2 rows, 3 draws, 2 originals of 2 by 3 pixels: row 0 does not vary over draws, row 1 does."""
    rng = np.random.default_rng(0)
    originals, kept = rng.random((2, 6)), rng.random((2, 3, 2, 6))
    kept[0] = kept[0, :1]
    return originals, kept


def test_each_row_is_an_original_and_its_draws():
    originals, kept = kept_images()
    figure = plots.plot_kept_layers(originals, kept, (2, 3))
    shown = np.array([ax.images[0].get_array() for ax in figure.axes]).reshape(2, 2, 4, 6)  # original, row, column, pixel
    for one in range(2):
        for row in range(2):
            np.testing.assert_array_equal(shown[one, row, 0], originals[one])
            np.testing.assert_array_equal(shown[one, row, 1:], kept[row, :, one])
    assert [figure.axes[4 * row].get_ylabel() for row in range(4)] == ["$z_{1}$ and above", "$z_{2}$ and above"] * 2


def test_what_the_last_rows_keep_is_named_where_the_layers_are_counted():
    originals, kept = kept_images()
    for n_layers, titles in [(1, ["$z_{1}$", "nothing kept"]), (2, ["$z_{1}$ and above", "$z_{2}$"])]:
        figure = plots.plot_kept_layers(originals, kept, (2, 3), n_layers=n_layers)
        assert [figure.axes[4 * row].get_ylabel() for row in range(2)] == titles
    with pytest.raises(ValueError, match="kept must have at most 1 rows, one more than n_layers, got 2"):
        plots.plot_kept_layers(originals, kept, (2, 3), n_layers=0)


def test_a_line_parts_the_originals():
    originals, kept = kept_images()
    axes = np.array(plots.plot_kept_layers(originals, kept, (2, 3)).axes).reshape(2, 2, 4)  # original, row, column
    widths = np.vectorize(lambda ax: ax.spines["top"].get_linewidth())(axes)
    assert (widths[1, 0] > 2).all() and (widths[0] < 1).all() and (widths[1, 1] < 1).all()


def test_the_text_says_how_much_the_draws_differ():
    originals, kept = kept_images()
    text = plots.alt_text(plots.plot_kept_layers(originals, kept, (2, 3), row_titles=["all", "top only"]))
    assert "2 images, 2 rows each: the original, then 3 draws" in text
    assert f"all: 0.00; top only: {kept[1].std(axis=0).mean():.2f}." in text


@pytest.mark.parametrize(
    ("kl", "epochs", "complaint"),
    [
        ([1.0, 2.0], None, "kl must have 2 dimensions"),
        ([[1.0, float("nan")]], None, "kl holds 1 values that are NaN"),
        (KL, [1, 2, 3], "epochs must be 4, one a row of kl, got 3"),
        (KL, [1, 2, 2, 3], "epochs must rise"),
    ],
)
def test_bad_nats(kl, epochs, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.plot_layer_kl(kl, epochs=epochs)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"originals": np.zeros((3, 6))}, "kept must hold draws of 3 originals, got 2"),
        ({"kept": np.zeros((2, 3, 2, 5))}, "kept must have 4 dimensions, the last of length 6"),
        ({"row_titles": ["all"]}, "row_titles must be 2, one a row of kept, got 1"),
    ],
)
def test_bad_images(change, complaint):
    originals, kept = kept_images()
    with pytest.raises(ValueError, match=complaint):
        plots.plot_kept_layers(**({"originals": originals, "kept": kept, "image_shape": (2, 3)} | change))
