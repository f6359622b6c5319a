"""ln p(x) itself, exact or estimated; each estimate comes with what tells how far it can be relied on.

=================================  =======================================  ===========================================
function                           z                                        result
=================================  =======================================  ===========================================
``enumeration``                    finite                                   exact
``quadrature``                     one or two continuous dimensions         a numerical integral
``naive_monte_carlo``              any                                      lower bound in expectation; q is the prior
``importance_sampling``            any                                      lower bound in expectation; q(z|x)
``annealed_importance_sampling``   continuous                               lower bound in expectation
``bidirectional_monte_carlo``      continuous, x drawn from the model       lower and upper bound in expectation
=================================  =======================================  ===========================================
"""

from lvmlib.likelihood.annealed import (
    AnnealedEstimate,
    Bracket,
    annealed_importance_sampling,
    bidirectional_monte_carlo,
    sigmoid_schedule,
)
from lvmlib.likelihood.enumeration import enumeration
from lvmlib.likelihood.importance import ImportanceEstimate, importance_sampling, naive_monte_carlo
from lvmlib.likelihood.quadrature import QuadratureEstimate, quadrature
from lvmlib.likelihood.running_weights import RunningWeights

__all__ = [
    "AnnealedEstimate",
    "Bracket",
    "ImportanceEstimate",
    "QuadratureEstimate",
    "RunningWeights",
    "annealed_importance_sampling",
    "bidirectional_monte_carlo",
    "enumeration",
    "importance_sampling",
    "naive_monte_carlo",
    "quadrature",
    "sigmoid_schedule",
]
