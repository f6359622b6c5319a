"""Single steps: each reason licenses what it is for however it is written, and nothing that is another's."""

import pytest
from single_steps import RIGHT_STEPS, SHARED, WRONG_STEPS

from lvmlib.derivation import REASONS, random_models
from lvmlib.derivation.models import PREMISES
from lvmlib.derivation.reasons import licenses
from lvmlib.derivation.trials import Trials
from lvmlib.derivation.vocabulary import as_reason

STEPS = [(reason, step) for reason, steps in RIGHT_STEPS.items() for step in steps]


@pytest.fixture(scope="module")
def trials():
    return {premises: Trials(random_models(60, seed=11, premises=premises)) for premises in ((), PREMISES)}


def test_every_reason_is_tried():
    assert set(RIGHT_STEPS) == set(REASONS)


@pytest.mark.parametrize(("reason", "step"), STEPS, ids=[f"{reason}: {a} {r} {b}" for reason, (a, r, b) in STEPS])
def test_right_steps_are_licensed(reason, step, trials):
    before, relation, after = step
    premises = PREMISES if reason in PREMISES else ()
    assert trials[premises].refute(before, relation, after) is None
    assert licenses(reason, before, relation, after)
    flipped = {"=": "=", ">=": "<=", "<=": ">="}[relation]
    assert licenses(reason, after, flipped, before), "and backwards"


@pytest.mark.parametrize(("reason", "step"), STEPS, ids=[f"{reason}: {a} {r} {b}" for reason, (a, r, b) in STEPS])
def test_no_other_reason_licenses_them(reason, step):
    before, relation, after = step
    others = {other for other in REASONS if other != reason and licenses(other, before, relation, after)}
    assert others <= SHARED.get(reason, set())


@pytest.mark.parametrize(("reason", "before", "relation", "after"), WRONG_STEPS, ids=[f"{r}: {a} {rel} {b}" for r, a, rel, b in WRONG_STEPS])
def test_wrong_steps_are_not_licensed_by_structure_alone(reason, before, relation, after):
    """Even a false step must be refused here, without the models: structure does not lean on them."""
    assert not licenses(reason, before, relation, after)


def test_reasons_are_read_generously_and_unknown_ones_listed():
    assert as_reason("  bayes\N{RIGHT SINGLE QUOTATION MARK} Rule ") == "Bayes' rule"
    assert as_reason("JENSEN") == "Jensen"
    with pytest.raises(ValueError, match="there is no reason 'Jansen'; did you mean 'Jensen'.*'algebra', 'multiply by one'"):
        as_reason("Jansen")
    with pytest.raises(ValueError, match=r"there is no reason 'because I say so'\. Allowed are: 'algebra'"):
        as_reason("because I say so")
    with pytest.raises(TypeError, match="because must be the name of a reason"):
        as_reason(None)
    with pytest.raises(TypeError):
        REASONS["hope"] = "it may be true"
