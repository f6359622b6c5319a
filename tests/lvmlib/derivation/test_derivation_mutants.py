"""Each accepted derivation with one line corrupted is refused; what survives is listed here, with why it is right.

No corrupted *expression* survives. A corrupted *relation* may survive only as "=" weakened to the direction of the chain,
which is true and proves no more than it should. A corrupted *reason* may survive only where
both reasons license the step. A *dropped line* may survive only where one of the reasons
around it licenses the longer step.
"""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest
from derivation_mutants import sweep
from known_derivations import KNOWN

from lvmlib.derivation.reasons import licenses

INDEPENDENT = "an independent term leaves the expectation"

# (right reason, reason put in its place): why both are right
REASONS_THAT_BOTH_HOLD = {
    ("product rule", "Bayes' rule"): "p(x) = p(x, z) / p(z|x) is either",
    ("Bayes' rule", "product rule"): "p(x) = p(x, z) / p(z|x) is either",
    (INDEPENDENT, "normalization"): "E[c] = c because the weights sum to one",
    ("normalization", INDEPENDENT): "E[c] = c because the weights sum to one",
    (INDEPENDENT, "linearity"): "E[c + f] = c + E[f] is either",
    ("linearity", INDEPENDENT): "E[c f] = c E[f] is either",
    ("linearity", "log of a product"): "E[ln(a / b)] = E[ln a] - E[ln b] takes both",
    ("log of a product", "linearity"): "E[ln(a / b)] = E[ln a] - E[ln b] takes both",
    ("multiply by one", "algebra"): "putting in what cancels is algebra",
    ("algebra", "multiply by one"): "taking out a factor that cancels",
    ("add and subtract", "algebra"): "putting in what cancels is algebra",
    ("algebra", "add and subtract"): "taking out terms that cancel",
    ("multiply by one", "definition of expectation"): "sum_z p = E_q[p / q] is either",
    ("definition of expectation", "multiply by one"): "sum_z p = E_q[p / q] is either",
    ("definition of KL", "definition of the ELBO"): "both stand on that line",
}


@pytest.fixture(scope="module")
def swept():
    """The sweep runs in processes of its own: there the shape checks of pytest do not slow each of its thousands of checks."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(sweep, range(len(KNOWN))))


@pytest.mark.parametrize("index", range(len(KNOWN)), ids=[f"{theorem.name}: {name}" for theorem, name, _ in KNOWN])
def test_every_corrupted_line_is_refused(index, swept):
    _, _, derivation = KNOWN[index]
    tried, accepted = swept[index]
    direction = next((line.relation for line in derivation.lines if line.relation in (">=", "<=")), "=")
    for what, number, corrupted in accepted:
        right, wrong = derivation.lines[number - 1], corrupted.lines[min(number, len(corrupted.lines)) - 1]
        if what == "change reason":
            assert (right.because, wrong.because) in REASONS_THAT_BOTH_HOLD, (number, right, wrong)
        elif what == "change relation":
            assert right.relation == "=" and wrong.relation == direction != "=", (number, right, wrong)
        elif what == "drop line":
            before = corrupted.lines[number - 2].expression
            at_end = number > len(corrupted.lines)  # the line before is the theorem's side too, written otherwise
            assert at_end or licenses(wrong.because, before, wrong.relation, wrong.expression)
        else:
            pytest.fail(f"{what} in line {number} survived: {right.expression} became {wrong.expression}")
    assert sum(tried.values()) >= 100
    assert {"change reason", "change relation", "swap symbol", "flip sign", "drop logarithm", "drop line"} <= set(tried)
    # few of the reasons put in place of the right one may hold as well
    assert sum(what == "change reason" for what, _, _ in accepted) <= 0.06 * tried["change reason"]


def test_nearly_all_mutants_are_refused(swept):
    tried = sum((counts for counts, _ in swept), Counter())
    survived = Counter(what for _, accepted in swept for what, _, _ in accepted)
    assert sum(tried.values()) > 4000
    assert set(survived) <= {"change reason", "change relation", "drop line"}
    assert survived["change reason"] < 0.03 * tried["change reason"]
    assert sum(survived.values()) < 0.04 * sum(tried.values())
