"""What each check lets pass, what it refuses, and that its text teaches and never changes."""

import math

import numpy as np
import pytest
import torch

from lvmlib import tutor

SAID = {"property": "the sum is three", "given": {"x": torch.tensor([1.0, 2.0])}, "look_at": "the plus sign"}


def failure(check, *arguments, **options):
    with pytest.raises(AssertionError) as caught:
        check(*arguments, **options)
    return str(caught.value)


def test_a_failure_says_property_input_expected_came_where_and_what_to_look_at():
    text = failure(tutor.check_close, torch.tensor([1.0, 2.0, 7.0]), torch.tensor([1.0, 2.5, 3.0]), **SAID)
    assert text == (
        "the sum is three\n"
        "  given:    x = [1, 2]\n"
        "  expected: [1, 2.5, 3]\n"
        "  came:     [1, 2, 7]\n"
        "  largest difference: 4 at [2] (expected 3, came 7)\n"
        "  look at:  the plus sign"
    )


@pytest.mark.parametrize(
    "actual",
    [
        torch.tensor([0.1, 0.2], dtype=torch.float64),
        torch.tensor([0.1, 0.2], dtype=torch.float32),
        torch.tensor([0.1, 0.2], requires_grad=True),
        np.array([0.1, 0.2]),
        [0.1, 0.2],
        (torch.tensor(0.1), 0.2),
        torch.tensor([0.1, 0.2]).to_sparse(),
    ],
    ids=["float64", "float32", "requires_grad", "NumPy", "list", "tuple of tensor and float", "sparse"],
)
def test_equal_values_pass_whatever_holds_them(actual):
    tutor.check_close(actual, torch.tensor([0.1, 0.2], dtype=torch.float64), **SAID)


class Awkward:
    """A value that raises at every look."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __len__(self):
        raise RuntimeError("len")


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        (None, "None (is a return missing?)"),
        ("three", "the text 'three'"),
        (Awkward(), "a Awkward"),
        (lambda: 3, "a function"),
        ([[1.0], [2.0, 3.0]], "a list of 2"),
        ([None, 1.0], "a list of 2"),
        (["3", "4"], "a list of 2"),
        ({"x": 1}, "a dict of 1"),
        (np.array([None, 3]), "a NumPy array of dtype object"),
        (torch.tensor([1j, 2]), "a Tensor of dtype torch.complex64"),
        (float("nan"), "the shape (): nan"),
        (torch.tensor([3.0]), "the shape (1,): [3]"),
        (torch.tensor([3.0, math.nan]), "[3, nan]"),
        (torch.tensor([3.0, math.inf]), "[3, inf]"),
        (np.array([3.0, 5.0]), "[3, 5] (a NumPy array)"),
        ([3.0, 5.0], "[3, 5] (a list)"),
        (torch.tensor([3, 5]), "[3, 5]"),
        (torch.tensor([False, True]), "[False, True]"),
        (torch.zeros(5, 7), "the shape (5, 7): 0, 0, 0, 0, 0, 0, ... of shape (5, 7)"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.parametrize("check", [tutor.check_close, tutor.check_tensor], ids=["check_close", "check_tensor"])
def test_no_value_makes_a_check_crash(check, actual, said):
    expected = torch.tensor([3.0, 4.0])
    if check is tutor.check_close:
        text = failure(check, actual, expected, **SAID)
        assert f"  came:     {said}\n" in text
    elif not (isinstance(actual, torch.Tensor) and actual.dtype == torch.float32 and actual.shape == (2,)):
        assert "  came:     " in failure(check, actual, shape=(2,), dtype=torch.float32, given="x")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_never_pass_for_a_number(bad):
    text = failure(tutor.check_close, torch.tensor([100.0, bad]), torch.tensor([3.0, 4.0]), **SAID)
    assert f"at [1] (expected 4, came {bad})" in text
    assert failure(tutor.check_finite, torch.tensor([1.0, bad]), **SAID)
    assert failure(tutor.check_tensor, torch.tensor([1.0, bad]), shape=(2,), dtype=torch.float32, given="x")
    assert failure(tutor.check_never_falls, [1.0, bad], property="rises", given="x")


def test_an_expected_infinity_is_met_by_itself_alone():
    tutor.check_close([-math.inf, 1.0], [-math.inf, 1.0], **SAID)
    assert failure(tutor.check_close, [math.inf, 1.0], [-math.inf, 1.0], **SAID)
    assert failure(tutor.check_close, [-1e300, 1.0], [-math.inf, 1.0], **SAID)


@pytest.mark.parametrize("expected", [math.nan, None, "3"])
def test_an_expected_value_without_numbers_is_a_mistake_of_the_test(expected):
    with pytest.raises(ValueError, match="expected must be numbers without NaN"):
        tutor.check_close(3.0, expected, **SAID)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_tolerance_follows_from_the_coarser_dtype(dtype):
    half_of_the_digits = math.sqrt(torch.finfo(dtype).eps)
    expected = torch.tensor([3.0], dtype=torch.float64)
    tutor.check_close((expected * (1 + 0.9 * half_of_the_digits)).to(dtype), expected, **SAID)
    assert failure(tutor.check_close, (expected * (1 + 2 * half_of_the_digits)).to(dtype), expected, **SAID)


def test_given_tolerances_are_kept():
    tutor.check_close([1e-9], [2e-9], **SAID)  # atol by default
    assert failure(tutor.check_close, [1e-9], [2e-9], atol=0, **SAID)
    tutor.check_close([1.05], [1.0], rtol=0.1, **SAID)
    assert failure(tutor.check_close, [1.05], [1.0], rtol=0.1, atol=-0.06, **SAID)
    assert failure(tutor.check_close, torch.tensor([2, 3]), torch.tensor([2, 4]), **SAID)


def test_no_broadcasting():
    for actual in (torch.full((2, 1), 3.0), torch.full((1, 2), 3.0), torch.tensor(3.0)):
        assert "expected: the shape (2,)" in failure(tutor.check_close, actual, torch.tensor([3.0, 3.0]), **SAID)


def test_different_mistakes_give_different_texts_and_equal_ones_the_same():
    expected = torch.arange(40.0).reshape(8, 5)
    texts = [failure(tutor.check_close, expected + delta, expected, **SAID) for delta in (1.0, 2.0, -1.0, 1.0)]
    assert len(set(texts)) == 3 and texts[0] == texts[3]
    # a tie but for rounding: the first
    nearly = torch.tensor([1.0, 1 + 1e-12, 1 - 1e-12], dtype=torch.float64)
    assert "at [0]" in failure(tutor.check_close, nearly, torch.zeros(3), **SAID)


def test_where_six_digits_do_not_tell_two_values_apart_more_are_shown():
    text = failure(tutor.check_close, [1.23456789], [1.23456700], **SAID)
    assert "(expected 1.234567, came 1.23456789)" in text


def test_check_tensor_names_type_shape_and_dtype():
    wanted = {"shape": (2,), "dtype": torch.float64, "given": "x"}
    tutor.check_tensor(torch.zeros(2, dtype=torch.float64, requires_grad=True), **wanted)
    assert "[0, 0] (a NumPy array), which is no torch tensor" in failure(tutor.check_tensor, np.zeros(2), **wanted)
    assert "0 (a float64), which is no torch tensor" in failure(tutor.check_tensor, np.float64(0), **wanted)
    assert "expected: the shape (2,)" in failure(tutor.check_tensor, torch.zeros(2, 1), **wanted)
    assert "torch.float32: [0, 0]" in failure(tutor.check_tensor, torch.zeros(2), **wanted)


def test_check_never_falls_names_the_first_fall():
    tutor.check_never_falls([1.0, 1.0, 2.0, 2.0 - 1e-12], property="rises", given="x")
    tutor.check_never_falls(torch.tensor([1.0]), property="rises", given="x")
    assert "it falls from 3 at [1] to 2" in failure(
        tutor.check_never_falls, [1.0, 3.0, 2.0, 1.0], property="rises", given="x"
    )
    assert failure(tutor.check_never_falls, None, property="rises", given="x")


def test_check_that_and_check_parts():
    tutor.check_that(torch.tensor(True), property="p", given="x", expected="e", came="c")
    assert failure(tutor.check_that, 1 > 2, property="p", given="x", expected="e", came=[1.0]).endswith(
        "came:     [1] (a list)"
    )
    assert tutor.check_parts([1, 2], ("means", "weights"), given="x") == (1, 2)
    for returned in (None, torch.zeros(2), (1,), (1, 2, 3)):
        assert "the function returns means, weights" in failure(
            tutor.check_parts, returned, ("means", "weights"), given="x"
        )


@pytest.mark.parametrize(
    "change", [lambda x: x.add_(1), lambda x: x.__setitem__(0, math.nan), lambda x: x.unsqueeze_(0)]
)
def test_unchanged_names_the_argument_that_was_written_to(change):
    x, weights = torch.tensor([1.0, 2.0]), torch.tensor([0.5])
    with tutor.unchanged(x=x, weights=weights):
        x.sum()
    with pytest.raises(AssertionError, match="leaves its argument x as it was"), tutor.unchanged(weights=weights, x=x):
        change(x)


def test_unchanged_lets_the_function_s_own_error_pass():
    with pytest.raises(ZeroDivisionError), tutor.unchanged(x=torch.zeros(1)):
        raise ZeroDivisionError
