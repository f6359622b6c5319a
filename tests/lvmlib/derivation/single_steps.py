"""Single steps: those that a reason licenses, however they are written, and those that it must not."""

from lvmlib.derivation import (
    ELBO, KL, E, H, const, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, sum_z,
)

INDEPENDENT = "an independent term leaves the expectation"
posterior = p_z_given_x

RIGHT_STEPS = {
    "marginalization": [
        (p_x, "=", sum_z(p_xz)),
        (p_x, "=", sum_z(p_z * p_x_given_z)),
        (sum_z(p_x_given_z * p_z), "=", p_x),
        (log(p_xz / p_x), "=", log(p_xz / sum_z(p_xz))),
        (log(new(p_x)), "=", log(sum_z(new(p_xz)))),
        (log(p_x) + p_x, "=", log(sum_z(p_xz)) + sum_z(p_xz)),
    ],
    "product rule": [
        (p_xz, "=", p_z * p_x_given_z),
        (p_xz, "=", p_z_given_x * p_x),
        (posterior, "=", p_xz / p_x),
        (p_x_given_z, "=", p_xz / p_z),
        (p_z * p_x_given_z, "=", posterior * p_x),
        (E(q_z, log(p_x_given_z * p_z / q_z)), "=", E(q_z, log(p_xz / q_z))),
        (E(q_z, log(p_x)), "=", E(q_z, log(p_xz / posterior))),
        (E(q_z, log(p_x)), "=", E(q_z, log(p_xz) - log(posterior))),
        (E(posterior, log(p_xz / posterior)), "=", E(posterior, log(p_x))),
        (sum_z(p_z * p_x_given_z), "=", sum_z(p_xz)),
        (log(new(p_xz)), "=", log(new(p_x) * new(posterior))),
    ],
    "Bayes' rule": [
        (posterior, "=", p_x_given_z * p_z / p_x),
        (posterior, "=", p_xz / p_x),
        (posterior, "=", p_x_given_z * p_z / sum_z(p_x_given_z * p_z)),
        (posterior, "=", p_xz / sum_z(p_xz)),
        (E(q_z, log(p_x)), "=", E(q_z, log(p_xz / posterior))),
        (E(q_z, log(p_x)), "=", E(q_z, log(p_x_given_z * p_z / posterior))),
        (E(q_z, log(q_z / posterior)), "=", E(q_z, log(q_z * p_x / p_xz))),
    ],
    "multiply by one": [
        (sum_z(p_xz), "=", sum_z(q_z * p_xz / q_z)),
        (sum_z(p_xz), "=", sum_z(q_z * (p_xz / q_z))),
        (sum_z(p_xz), "=", sum_z(p_xz / q_z * q_z)),
        (sum_z(p_xz), "=", sum_z((q_z / q_z) * p_xz)),
        (sum_z(p_xz), "=", E(q_z, p_xz / q_z)),
        (p_x, "=", 1 * p_x),
        (E(q_z, log(p_xz / posterior)), "=", E(q_z, log(p_xz * q_z / (posterior * q_z)))),
        (E(q_z, log(p_xz / posterior)), "=", E(q_z, log((p_xz / q_z) * (q_z / posterior)))),
        (E(q_z, log(p_xz / posterior)), "=", E(q_z, log(p_xz / q_z) + log(q_z / posterior))),
        (E(q_z, log(p_xz * q_z / (posterior * q_z))), "=", E(q_z, log(p_xz / posterior))),
        (-E(q_z, log(p_xz)), "=", E(q_z, log(p_xz)) * (H(q_z) / H(q_z)) * -1),
    ],
    "add and subtract": [
        (E(q_z, log(p_xz)), "=", E(q_z, log(p_xz) - log(q_z) + log(q_z))),
        (E(q_z, log(p_x)), "=", E(q_z, log(p_x) + (log(q_z) - log(q_z)))),
        (log(p_x), "=", log(p_x) + KL(q_z, posterior) - KL(q_z, posterior)),
        (log(p_x), "=", 0 + log(p_x)),
        (log(p_x) - H(q_z), "=", log(p_x) - (H(q_z) - E(q_z, p_xz)) - E(q_z, p_xz)),
    ],
    "algebra": [
        (log(p_x) - KL(q_z, posterior), "=", -KL(q_z, posterior) + log(p_x)),
        (log(p_x * posterior / q_z), "=", log(p_x * (posterior / q_z))),
        (-(KL(q_z, posterior) - log(p_x)), "=", log(p_x) - KL(q_z, posterior)),
        (p_xz / q_z, "=", p_xz * (1 / q_z)),
        (E(q_z, log(p_x) - log(q_z) + log(q_z)), "=", E(q_z, log(p_x))),
        (log(p_xz / (p_z + p_x_given_z)), "=", log(1 / (p_z / p_xz + p_x_given_z / p_xz))),
        (log(sum_z(q_z * p_xz / q_z)), "=", log(sum_z(p_xz))),
        (E(posterior, log(posterior / posterior)), "=", const(0)),
        (2 * KL(q_z, p_z), "=", KL(q_z, p_z) + KL(q_z, p_z)),
    ],
    "linearity": [
        (E(q_z, log(p_xz) - log(q_z)), "=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
        (E(q_z, log(p_x) + log(posterior / q_z)), "=", log(p_x) + E(q_z, log(posterior / q_z))),
        (E(q_z, -log(q_z)), "=", -E(q_z, log(q_z))),
        (sum_z(q_z * (log(p_xz) - log(q_z))), "=", sum_z(q_z * log(p_xz)) - sum_z(q_z * log(q_z))),
        (sum_z(p_x * posterior), "=", p_x * sum_z(posterior)),
        (log(sum_z(posterior * p_x)), "=", log(p_x * sum_z(posterior))),
        (E(q_z, log(p_xz)) - E(q_z, log(q_z)), "=", sum_z(q_z * (log(p_xz) - log(q_z)))),
        (E(q_z, p_x * log(p_xz)), "=", p_x * E(q_z, log(p_xz))),
        (E(q_z, (log(p_xz) - log(q_z)) / 2), "=", E(q_z, log(p_xz)) / 2 - E(q_z, log(q_z)) / 2),
        (E(q_z, log(p_xz / q_z)), "=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
    ],
    INDEPENDENT: [
        (E(q_z, log(p_x)), "=", log(p_x)),
        (log(p_x), "=", E(q_z, log(p_x))),
        (E(posterior, log(p_x)), "=", log(p_x)),
        (E(q_z, log(p_x) + log(posterior / q_z)), "=", log(p_x) + E(q_z, log(posterior / q_z))),
        (E(q_z, log(p_x) * log(posterior)), "=", log(p_x) * E(q_z, log(posterior))),
        (E(q_z, log(p_x) - KL(q_z, posterior)), "=", log(p_x) - KL(q_z, posterior)),
        (E(q_z, log(p_x) + log(posterior) - log(q_z)), "=", log(p_x) + E(q_z, log(posterior)) - E(q_z, log(q_z))),
    ],
    "normalization": [
        (sum_z(q_z), "=", const(1)),
        (sum_z(p_z), "=", const(1)),
        (E(q_z, posterior / q_z), "=", const(1)),
        (log(E(q_z, posterior / q_z)), "=", const(0)),
        (-log(sum_z(posterior)), "=", log(const(1))),
        (log(p_x), "=", sum_z(q_z) * log(p_x)),
        (log(p_x), "=", sum_z(q_z * log(p_x))),
        (log(p_x), "=", E(q_z, log(p_x))),
        (sum_z(posterior * p_x), "=", p_x),
    ],
    "log of a product": [
        (log(p_xz / q_z), "=", log(p_xz) - log(q_z)),
        (E(q_z, log(p_x * posterior / q_z)), "=", E(q_z, log(p_x) + log(posterior / q_z))),
        (E(q_z, log(p_x * posterior / q_z)), "=", E(q_z, log(p_x) + log(posterior) - log(q_z))),
        (E(q_z, log(posterior / q_z)), "=", E(q_z, -log(q_z / posterior))),
        (E(q_z, log(posterior / q_z)), "=", -E(q_z, log(q_z / posterior))),
        (log(1 / q_z), "=", -log(q_z)),
        (log(p_xz) - log(posterior), "=", log(p_xz / posterior)),
        (log(q_z * q_z), "=", 2 * log(q_z)),
        (log(p_x * sum_z(posterior)), "=", log(p_x) + log(sum_z(posterior))),
        (E(q_z, log(p_x) - log(q_z / posterior)), "=", E(q_z, log(p_x / (q_z / posterior)))),
        (log((p_z + p_x) * q_z), "=", log(p_z + p_x) + log(q_z)),
        (E(q_z, log(p_xz / q_z)), "=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
    ],
    "definition of expectation": [
        (sum_z(q_z * log(p_xz)), "=", E(q_z, log(p_xz))),
        (E(q_z, p_xz / q_z), "=", sum_z(p_xz)),
        (E(q_z, p_xz / q_z), "=", sum_z(q_z * p_xz / q_z)),
        (log(sum_z(p_z * p_x_given_z)), "=", log(E(p_z, p_x_given_z))),
        (E(q_z, log(p_xz)) - E(q_z, log(q_z)), "=", sum_z(q_z * log(p_xz)) - sum_z(log(q_z) * q_z)),
    ],
    "definition of KL": [
        (E(q_z, log(q_z / posterior)), "=", KL(q_z, posterior)),
        (-E(q_z, log(posterior / q_z)), "=", KL(q_z, posterior)),
        (E(q_z, log(posterior / q_z)), "=", -KL(q_z, posterior)),
        (sum_z(q_z * log(q_z / posterior)), "=", KL(q_z, posterior)),
        (KL(q_z, posterior), "=", E(q_z, log(q_z) - log(posterior))),
        (KL(q_z, posterior), "=", E(q_z, log(q_z)) - E(q_z, log(posterior))),
        (KL(q_z, p_z), "=", -sum_z(q_z * log(p_z / q_z))),
        (E(q_z, log(p_x_given_z) - log(q_z / p_z)), "=", E(q_z, log(p_x_given_z)) - KL(q_z, p_z)),
        (KL(posterior, posterior), "=", const(0)),
        (E(q_z, log(p_xz / q_z)) + E(q_z, log(q_z / posterior)), "=", ELBO(q_z, p_xz) + KL(q_z, posterior)),
    ],
    "definition of the ELBO": [
        (ELBO(q_z, p_xz), "=", E(q_z, log(p_xz / q_z))),
        (ELBO(q_z, p_xz), "=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
        (ELBO(q_z, new(p_xz)), "=", sum_z(q_z * log(new(p_xz) / q_z))),
        (E(q_z, log(p_xz)) + H(q_z), "=", ELBO(q_z, p_xz)),
    ],
    "definition of entropy": [
        (E(q_z, log(p_xz)) - E(q_z, log(q_z)), "=", E(q_z, log(p_xz)) + H(q_z)),
        (H(q_z), "=", E(q_z, log(1 / q_z))),
        (-sum_z(q_z * log(q_z)), "=", H(q_z)),
    ],
    "Jensen": [
        (log(E(q_z, p_xz / q_z)), ">=", E(q_z, log(p_xz / q_z))),
        (log(sum_z(q_z * p_xz / q_z)), ">=", E(q_z, log(p_xz / q_z))),
        (log(sum_z((p_xz / q_z) * q_z)), ">=", sum_z(q_z * log(p_xz / q_z))),
        (log(E(q_z, p_xz / q_z)), ">=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
        (E(q_z, log(new(p_xz) / q_z)), "<=", log(E(q_z, new(p_xz) / q_z))),
        (E(q_z, log(q_z / posterior)), ">=", -log(E(q_z, posterior / q_z))),
        (-E(q_z, log(posterior / q_z)), ">=", -log(E(q_z, posterior / q_z))),
        (log(E(p_z, p_x_given_z)), ">=", E(p_z, log(p_x_given_z))),
        (log(sum_z(p_z * p_x_given_z)), ">=", E(p_z, log(p_x_given_z))),
        (log(E(q_z, p_xz / q_z)) + log(E(posterior, q_z / posterior)), ">=", E(q_z, log(p_xz / q_z)) + E(posterior, log(q_z / posterior))),
        (2 * log(E(q_z, p_xz / q_z)) - 1, ">=", 2 * E(q_z, log(p_xz / q_z)) - 1),
    ],
    "Gibbs": [
        (KL(q_z, posterior), ">=", const(0)),
        (-KL(q_z, p_z), "<=", const(0)),
        (log(p_x) - KL(q_z, posterior), "<=", log(p_x)),
        (ELBO(q_z, p_xz) + KL(q_z, posterior), ">=", ELBO(q_z, p_xz)),
        (ELBO(q_z, p_xz) + E(q_z, log(q_z / posterior)), ">=", ELBO(q_z, p_xz)),
        (sum_z(q_z * log(q_z / posterior)), ">=", const(0)),
        (E(q_z, log(posterior)), "<=", E(q_z, log(q_z))),
        (log(p_x), "<=", log(p_x) + KL(q_z, posterior) + 2 * KL(q_z, p_z)),
        (ELBO(q_z, new(p_xz)) + KL(q_z, new(posterior)), ">=", ELBO(q_z, new(p_xz))),
    ],
    "E-step": [
        (KL(q_z, posterior), "=", const(0)),
        (E(q_z, log(q_z / posterior)), "=", const(0)),
        (E(q_z, log(p_x)), "=", E(posterior, log(p_x))),
        (E(q_z, log(p_xz / posterior)), "=", E(q_z, log(p_xz / q_z))),
        (ELBO(posterior, p_xz), "=", ELBO(q_z, p_xz)),
        (ELBO(q_z, p_xz) + KL(q_z, posterior), "=", ELBO(q_z, p_xz)),
    ],
    "M-step": [
        (E(q_z, log(p_xz)), "<=", E(q_z, log(new(p_xz)))),
        (E(q_z, log(new(p_xz))), ">=", E(q_z, log(p_xz))),
        (sum_z(q_z * log(p_xz)), "<=", sum_z(q_z * log(new(p_xz)))),
        (ELBO(q_z, p_xz), "<=", ELBO(q_z, new(p_xz))),
        (ELBO(posterior, p_xz), "<=", E(posterior, log(new(p_xz) / posterior))),
        (E(q_z, log(p_xz / q_z)), "<=", E(q_z, log(new(p_xz) / q_z))),
        (E(q_z, log(p_x_given_z * p_z)), "<=", E(q_z, log(new(p_x_given_z) * new(p_z)))),
        (E(q_z, log(p_xz)) + H(q_z), "<=", E(q_z, log(new(p_xz))) + H(q_z)),
    ],
    "ELBO is a lower bound": [
        (ELBO(q_z, new(p_xz)), "<=", log(new(p_x))),
        (log(p_x), ">=", E(q_z, log(p_xz / q_z))),
        (E(posterior, log(new(p_xz))) - E(posterior, log(posterior)), "<=", log(new(p_x))),
    ],
    "ELBO gap is KL": [
        (log(p_x), "=", ELBO(q_z, p_xz) + KL(q_z, posterior)),
        (ELBO(q_z, p_xz), "=", log(p_x) - KL(q_z, posterior)),
        (E(q_z, log(new(p_xz) / q_z)) + KL(q_z, new(posterior)), "=", log(new(p_x))),
        (KL(q_z, posterior), "=", log(p_x) - ELBO(q_z, p_xz)),
    ],
}

# Which other reasons may license a step of the reason on the left, and why that is right.
SHARED = {
    "product rule": {"Bayes' rule"},  # Bayes' rule is the product rule applied twice
    "Bayes' rule": {"product rule"},
    "multiply by one": {"algebra", "definition of expectation", "log of a product"},  # cancelling; E_q[f / q] = sum f; ln(a b / b)
    "add and subtract": {"algebra"},  # cancelling
    "algebra": {"multiply by one", "add and subtract"},
    "linearity": {INDEPENDENT, "log of a product"},  # E[c + f]; E[ln(a / b)] = E[ln a] - E[ln b] takes both
    INDEPENDENT: {"linearity", "normalization"},  # E[c] = c because the weights sum to one
    "normalization": {INDEPENDENT, "Bayes' rule"},  # Bayes' rule with its denominator as a sum
    "log of a product": {"linearity"},
    "definition of expectation": {"multiply by one"},
    "definition of KL": {"definition of the ELBO"},  # both on one line
    "definition of the ELBO": {"definition of entropy"},
    "Gibbs": {"E-step", "ELBO is a lower bound", "ELBO gap is KL"},  # where q is the posterior KL is 0; the theorems rest on it
    "E-step": {INDEPENDENT, "normalization"},
    "Jensen": {"ELBO is a lower bound"},
}

WRONG_STEPS = [
    ("Jensen", log(E(q_z, p_xz / q_z)), "=", E(q_z, log(p_xz / q_z))),  # an inequality
    ("Jensen", log(E(q_z, p_xz / q_z)), "<=", E(q_z, log(p_xz / q_z))),  # the wrong way
    ("Jensen", log(sum_z(p_xz)), ">=", E(q_z, log(p_xz / q_z))),  # there is no expectation yet
    ("Jensen", log(p_x), ">=", E(q_z, log(p_xz / q_z))),
    ("Jensen", log(sum_z(p_xz)), ">=", sum_z(log(p_xz))),  # weights that sum to more than one
    ("Jensen", log(E(q_z, p_xz / q_z)), ">=", E(p_z, log(p_xz / q_z))),  # under another distribution
    ("Jensen", log(E(q_z, p_xz / q_z)), ">=", E(q_z, log(p_xz))),  # and something else lost
    ("Jensen", E(q_z, p_xz * p_xz), ">=", E(q_z, p_xz) * E(q_z, p_xz)),  # true, but of the square
    ("Gibbs", KL(q_z, posterior), "=", const(0)),
    ("Gibbs", KL(q_z, posterior), "<=", const(0)),
    ("Gibbs", KL(q_z, posterior), ">=", KL(q_z, p_z)),
    ("Gibbs", H(q_z), ">=", const(0)),  # true, but no KL
    ("Gibbs", log(p_x), ">=", log(p_x) + KL(q_z, posterior)),
    ("Gibbs", E(q_z, log(p_xz)), "<=", E(q_z, log(q_z))),  # p(x, z) is no distribution over z
    ("M-step", E(q_z, log(new(p_xz))), "<=", E(q_z, log(p_xz))),
    ("M-step", log(p_x), "<=", log(new(p_x))),  # the theorem itself
    ("M-step", E(p_z, log(p_xz)), "<=", E(p_z, log(new(p_xz)))),  # not under q
    ("E-step", q_z, "=", p_z),
    ("E-step", E(q_z, log(p_x)), "=", log(p_x)),
    ("E-step", KL(q_z, new(posterior)), "=", const(0)),
    ("marginalization", p_x, "=", sum_z(p_x_given_z)),
    ("marginalization", p_x, "=", E(q_z, p_xz / q_z)),  # two reasons more
    ("marginalization", p_xz, "=", p_z * p_x_given_z),
    ("marginalization", p_z, "=", sum_z(p_xz)),
    ("product rule", p_xz, "=", p_z * posterior),
    ("product rule", p_x, "=", sum_z(p_xz)),
    ("Bayes' rule", p_xz, "=", p_z * p_x_given_z),
    ("Bayes' rule", posterior, "=", p_x_given_z * p_x / p_z),
    ("linearity", E(q_z, log(p_xz)), "=", log(E(q_z, p_xz))),
    ("linearity", E(q_z, p_xz * q_z), "=", E(q_z, p_xz) * E(q_z, q_z)),
    ("linearity", E(q_z, log(p_x)), "=", log(p_x)),
    ("linearity", E(q_z, log(p_x) + log(q_z)), "=", E(p_z, log(p_x)) + E(q_z, log(q_z))),  # E[c] is c under any
    (INDEPENDENT, E(q_z, log(p_xz)), "=", log(p_xz)),
    (INDEPENDENT, E(q_z, log(p_xz) - log(q_z)), "=", E(q_z, log(p_xz)) - E(q_z, log(q_z))),
    (INDEPENDENT, sum_z(log(p_x)), "=", log(p_x)),
    ("normalization", sum_z(p_xz), "=", const(1)),
    ("normalization", sum_z(p_x_given_z), "=", const(1)),
    ("normalization", E(q_z, posterior), "=", const(1)),
    ("log of a product", log(p_xz + q_z), "=", log(p_xz) + log(q_z)),
    ("log of a product", log(sum_z(p_xz)), "=", sum_z(log(p_xz))),
    ("log of a product", log(p_xz / q_z), "=", log(p_xz) / log(q_z)),
    ("definition of expectation", E(q_z, log(p_xz)), "=", sum_z(log(p_xz))),
    ("definition of KL", E(q_z, log(q_z / posterior)), "=", KL(posterior, q_z)),
    ("definition of KL", E(q_z, log(posterior / q_z)), "=", KL(q_z, posterior)),
    ("definition of KL", log(p_x) - ELBO(q_z, p_xz), "=", KL(q_z, posterior)),  # the theorem, not the definition
    ("definition of the ELBO", ELBO(q_z, p_xz), "=", E(q_z, log(p_x_given_z)) - KL(q_z, p_z)),  # takes the product rule
    ("definition of the ELBO", log(p_x), "=", ELBO(q_z, p_xz) + KL(q_z, posterior)),
    ("definition of entropy", H(q_z), "=", E(q_z, log(q_z))),
    ("multiply by one", sum_z(p_xz), "=", sum_z(q_z * p_xz)),
    ("multiply by one", p_x * q_z, "=", q_z * p_x),  # reordered only
    ("add and subtract", log(p_x), "=", log(p_x) + log(q_z)),
    ("add and subtract", sum_z(p_xz), "=", sum_z(q_z * p_xz / q_z)),  # multiplied
    ("multiply by one", log(p_x), "=", log(p_x) + H(q_z) - H(q_z)),  # added
    ("algebra", E(q_z, log(p_x)), "=", log(p_x)),
    ("algebra", sum_z(q_z), "=", const(1)),
    ("algebra", E(q_z, -log(q_z)), "=", -E(q_z, log(q_z))),
    ("ELBO is a lower bound", log(p_x), ">=", ELBO(q_z, new(p_xz))),
    ("ELBO gap is KL", log(p_x), "=", ELBO(q_z, p_xz) + KL(posterior, q_z)),
]
