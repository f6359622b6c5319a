"""Estimators of a bound's gradient. Each is a function f(model, x, n_samples, random_state, ...) -> (batch,).

Its value is the bound of each example, in nats, and the same for all of them at the same seed. What its backward
pass gives (of ``.mean()``, say) is that estimator's gradient of the bound, for ascent:

=======================  =====================================  ==========================================
function                 gradient of the inference network      unbiased for the gradient of
=======================  =====================================  ==========================================
reparameterized          through z and through ln q itself      every bound
sticking_the_landing     through z alone                        the ELBO; for IWAE only where K = 1
doubly_reparameterized   through z alone, weights squared       IWAE
score_function           ln q times what z_k did for the bound  every bound; z may be discrete
=======================  =====================================  ==========================================

The gradient of the generative model is the same in all four: Σ_k w̃_k ∇_θ ln p(x, z_k) for IWAE.
"""

from lvmlib.gradients.noise import SignalToNoise, signal_to_noise
from lvmlib.gradients.pathwise import doubly_reparameterized, reparameterized, sticking_the_landing
from lvmlib.gradients.score import score_function

__all__ = [
    "SignalToNoise",
    "doubly_reparameterized",
    "reparameterized",
    "score_function",
    "signal_to_noise",
    "sticking_the_landing",
]
