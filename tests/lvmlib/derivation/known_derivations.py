"""Right derivations, each theorem's in several ways, for the tests of acceptance and of mutation."""

from lvmlib.derivation import (
    ELBO, KL, Derivation, E, H, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, sum_z, theorems,
)

INDEPENDENT = "an independent term leaves the expectation"

LOWER_BOUND = {
    "by Jensen": (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(q_z * p_xz / q_z)), because="multiply by one")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
    ),
    "by Jensen, upwards": (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .at_most(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(q_z * (p_xz / q_z))), because="definition of expectation")
        .equals(log(sum_z(p_xz)), because="algebra")
        .equals(log(p_x), because="marginalization")
    ),
    "by Jensen, with sums only, to prior and likelihood": (
        Derivation(log(p_x))
        .equals(log(sum_z(p_x_given_z * p_z)), because="marginalization")
        .equals(log(sum_z(p_x_given_z * p_z / q_z * q_z)), because="multiply by one")
        .at_least(sum_z(q_z * log(p_x_given_z * p_z / q_z)), because="Jensen")
        .equals(sum_z(q_z * log(p_x_given_z)) + sum_z(q_z * (log(p_z) - log(q_z))), because="log of a product")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="definition of KL")
    ),
    "by the gap and Gibbs": (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_x)), because=INDEPENDENT)
        .equals(E(q_z, log(p_xz / p_z_given_x)), because="Bayes' rule")
        .equals(E(q_z, log(p_xz / q_z * (q_z / p_z_given_x))), because="multiply by one")
        .equals(E(q_z, log(p_xz / q_z) + log(q_z / p_z_given_x)), because="log of a product")
        .equals(E(q_z, log(p_xz / q_z)) + E(q_z, log(q_z / p_z_given_x)), because="linearity")
        .equals(E(q_z, log(p_xz / q_z)) + KL(q_z, p_z_given_x), because="definition of KL")
        .at_least(E(q_z, log(p_xz / q_z)), because="Gibbs")
    ),
    "by the gap and Gibbs, in logarithms": (
        Derivation(log(p_x))
        .equals(sum_z(q_z) * log(p_x), because="normalization")
        .equals(sum_z(q_z * log(p_x)), because="linearity")
        .equals(sum_z(q_z * (log(p_xz) - log(p_z_given_x))), because="product rule")
        .equals(sum_z(q_z * (log(p_xz) - log(q_z) + log(q_z) - log(p_z_given_x))), because="add and subtract")
        .equals(sum_z(q_z * (log(p_xz) - log(q_z))) + sum_z(q_z * (log(q_z) - log(p_z_given_x))), because="linearity")
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="definition of KL")
        .at_least(ELBO(q_z, p_xz), because="Gibbs")
    ),
    "by Gibbs in the form of cross-entropy, with the entropy": (
        Derivation(E(q_z, log(p_xz)) + H(q_z))
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="definition of entropy")
        .at_most(E(q_z, log(p_xz)) - E(q_z, log(p_z_given_x)), because="Gibbs")
        .equals(E(q_z, log(p_xz) - log(p_z_given_x)), because="linearity")
        .equals(E(q_z, log(p_xz / p_z_given_x)), because="log of a product")
        .equals(E(q_z, log(p_x)), because="product rule")
        .equals(log(p_x), because=INDEPENDENT)
    ),
    "claiming where it is tight": (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(E(q_z, p_xz / q_z)), because="multiply by one")
        .at_least(E(q_z, log(p_xz) - log(q_z)), because="Jensen")
        .tight_when(p_z_given_x, q_z)
    ),
}

GAP = {
    "from the ELBO": (
        Derivation(E(q_z, log(p_xz / q_z)))
        .equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule")
        .equals(E(q_z, log(p_x) + log(p_z_given_x / q_z)), because="log of a product")
        .equals(E(q_z, log(p_x)) + E(q_z, log(p_z_given_x / q_z)), because="linearity")
        .equals(log(p_x) + E(q_z, log(p_z_given_x / q_z)), because=INDEPENDENT)
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    ),
    "from the KL": (
        Derivation(log(p_x) - KL(q_z, p_z_given_x))
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(log(p_x) - E(q_z, log(q_z * p_x / p_xz)), because="Bayes' rule")
        .equals(log(p_x) - E(q_z, log(p_x) - log(p_xz / q_z)), because="log of a product")
        .equals(log(p_x) - (log(p_x) - E(q_z, log(p_xz / q_z))), because=INDEPENDENT)
        .equals(E(q_z, log(p_xz / q_z)), because="algebra")
        .equals(ELBO(q_z, p_xz), because="definition of the ELBO")
    ),
    "with sums": (
        Derivation(ELBO(q_z, p_xz))
        .equals(sum_z(q_z * (log(p_xz) - log(q_z))), because="definition of the ELBO")
        .equals(sum_z(q_z * (log(p_z_given_x * p_x) - log(q_z))), because="product rule")
        .equals(sum_z(q_z * (log(p_x) + log(p_z_given_x) - log(q_z))), because="log of a product")
        .equals(log(p_x) * sum_z(q_z) + sum_z(q_z * (log(p_z_given_x) - log(q_z))), because="linearity")
        .equals(log(p_x) + sum_z(q_z * (log(p_z_given_x) - log(q_z))), because="normalization")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    ),
}

POSTERIOR = {
    "through ln p(x) and Jensen": (
        Derivation(ELBO(p_z_given_x, p_xz))
        .equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="definition of the ELBO")
        .equals(E(p_z_given_x, log(p_x)), because="product rule")
        .equals(log(p_x), because=INDEPENDENT)
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
        .tight_when(q_z, p_z_given_x)
    ),
    "through the gap and Gibbs": (
        Derivation(E(p_z_given_x, log(p_xz / p_z_given_x)))
        .equals(E(p_z_given_x, log(p_x * p_z_given_x / p_z_given_x)), because="product rule")
        .equals(E(p_z_given_x, log(p_x)), because="algebra")
        .equals(log(p_x), because="normalization")
        .at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because=INDEPENDENT)
        .equals(E(q_z, log(p_x / (q_z / p_z_given_x))), because="log of a product")
        .equals(E(q_z, log(p_xz / q_z)), because="product rule")
        .tight_when(q_z, p_z_given_x)
    ),
    "upwards": (
        Derivation(ELBO(q_z, p_xz))
        .equals(E(q_z, log(p_xz / q_z)), because="definition of the ELBO")
        .at_most(log(E(q_z, p_xz / q_z)), because="Jensen")
        .equals(log(sum_z(p_xz)), because="definition of expectation")
        .equals(log(p_x), because="marginalization")
        .equals(E(p_z_given_x, log(p_x)), because=INDEPENDENT)
        .equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="Bayes' rule")
        .equals(ELBO(p_z_given_x, p_xz), because="definition of the ELBO")
        .tight_when(q_z, p_z_given_x)
    ),
}

EM = {
    "in three lines and two theorems": (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz), because="E-step")
        .at_most(ELBO(q_z, new(p_xz)), because="M-step")
        .at_most(log(new(p_x)), because="ELBO is a lower bound")
    ),
    "from first principles": (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_x)), because=INDEPENDENT)
        .equals(E(q_z, log(p_xz / p_z_given_x)), because="product rule")
        .equals(E(q_z, log(p_xz / q_z)), because="E-step")
        .at_most(E(q_z, log(new(p_xz) / q_z)), because="M-step")
        .at_most(log(E(q_z, new(p_xz) / q_z)), because="Jensen")
        .equals(log(sum_z(new(p_xz))), because="definition of expectation")
        .equals(log(new(p_x)), because="marginalization")
    ),
    "downwards, with the posterior for q and Gibbs": (
        Derivation(log(new(p_x)))
        .equals(E(p_z_given_x, log(new(p_x))), because=INDEPENDENT)
        .equals(E(p_z_given_x, log(new(p_xz) / new(p_z_given_x))), because="Bayes' rule")
        .equals(E(p_z_given_x, log(new(p_xz))) - E(p_z_given_x, log(new(p_z_given_x))), because="log of a product")
        .at_least(E(p_z_given_x, log(new(p_xz))) - E(p_z_given_x, log(p_z_given_x)), because="Gibbs")
        .at_least(E(p_z_given_x, log(p_xz)) - E(p_z_given_x, log(p_z_given_x)), because="M-step")
        .equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="linearity")
        .equals(E(p_z_given_x, log(p_x)), because="product rule")
        .equals(log(p_x), because=INDEPENDENT)
    ),
}

KNOWN = [
    (theorem, name, derivation)
    for theorem, derivations in (
        (theorems.elbo_is_a_lower_bound, LOWER_BOUND),
        (theorems.elbo_gap_is_kl, GAP),
        (theorems.posterior_maximizes_the_elbo, POSTERIOR),
        (theorems.em_never_lowers, EM),
    )
    for name, derivation in derivations.items()
]

VARIANTS = [
    (theorems.elbo_is_a_lower_bound, (
        Derivation(log(p_x))
        .equals(E(q_z, log(p_x)), because=INDEPENDENT)
        .equals(E(q_z, log(p_x) + log(p_z_given_x) - log(p_z_given_x)), because="add and subtract")
        .equals(E(q_z, log(p_x * p_z_given_x) - log(p_z_given_x)), because="log of a product")
        .equals(E(q_z, log(p_xz) - log(p_z_given_x)), because="product rule")
        .equals(E(q_z, log(p_xz) - log(q_z) + log(q_z) - log(p_z_given_x)), because="add and subtract")
        .equals(E(q_z, log(p_xz) - log(q_z)) + E(q_z, log(q_z) - log(p_z_given_x)), because="linearity")
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="definition of the ELBO")
        .at_least(ELBO(q_z, p_xz), because="Gibbs")
    )),
    (theorems.elbo_is_a_lower_bound, (
        Derivation(log(p_x))
        .at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="definition of KL")
        .equals(log(p_x) - E(q_z, log(q_z * p_x / p_xz)), because="Bayes' rule")
        .equals(log(p_x) - E(q_z, log(q_z) + log(p_x) - log(p_xz)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z)) - E(q_z, log(p_x)) + E(q_z, log(p_xz)), because="linearity")
        .equals(log(p_x) - E(q_z, log(q_z)) - log(p_x) + E(q_z, log(p_xz)), because=INDEPENDENT)
        .equals(E(q_z, log(p_xz)) - E(q_z, log(q_z)), because="algebra")
    )),
    (theorems.elbo_is_a_lower_bound, (
        Derivation(log(p_x))
        .equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
        .equals(log(sum_z(q_z * (p_z / q_z) * p_x_given_z)), because="multiply by one")
        .equals(log(E(q_z, p_z / q_z * p_x_given_z)), because="definition of expectation")
        .at_least(E(q_z, log(p_z / q_z * p_x_given_z)), because="Jensen")
        .equals(E(q_z, log(p_z / q_z) + log(p_x_given_z)), because="log of a product")
        .equals(E(q_z, log(p_z / q_z)) + E(q_z, log(p_x_given_z)), because="linearity")
        .equals(-KL(q_z, p_z) + E(q_z, log(p_x_given_z)), because="definition of KL")
        .equals(E(q_z, log(p_x_given_z)) - KL(q_z, p_z), because="algebra")
    )),
    (theorems.elbo_is_a_lower_bound, (
        Derivation(log(p_x))
        .equals(log(sum_z(p_xz)), because="marginalization")
        .equals(log(sum_z(p_xz) * 1), because="multiply by one")
        .equals(log(sum_z(p_xz * q_z / q_z)), because="multiply by one")
        .at_least(sum_z(q_z * log(p_xz / q_z)), because="Jensen")
        .equals(ELBO(q_z, p_xz), because="definition of the ELBO")
    )),
    (theorems.elbo_gap_is_kl, (
        Derivation(E(q_z, log(p_x_given_z)) - KL(q_z, p_z))
        .equals(E(q_z, log(p_x_given_z)) - E(q_z, log(q_z / p_z)), because="definition of KL")
        .equals(E(q_z, log(p_x_given_z) - log(q_z / p_z)), because="linearity")
        .equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="log of a product")
        .equals(E(q_z, log(p_z_given_x * p_x / q_z)), because="Bayes' rule")
        .equals(E(q_z, log(p_x) - log(q_z / p_z_given_x)), because="log of a product")
        .equals(log(p_x) - E(q_z, log(q_z / p_z_given_x)), because="linearity")
        .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL")
    )),
    (theorems.em_never_lowers, (
        Derivation(log(p_x))
        .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
        .equals(ELBO(q_z, p_xz) + 0, because="E-step")
        .equals(ELBO(q_z, p_xz), because="algebra")
        .equals(E(q_z, log(p_xz)) + H(q_z), because="definition of the ELBO")
        .at_most(E(q_z, log(new(p_xz))) + H(q_z), because="M-step")
        .equals(ELBO(q_z, new(p_xz)), because="definition of entropy")
        .at_most(ELBO(q_z, new(p_xz)) + KL(q_z, new(p_z_given_x)), because="Gibbs")
        .equals(log(new(p_x)), because="ELBO gap is KL")
    )),
]
"""More ways of writing them, for acceptance only."""
