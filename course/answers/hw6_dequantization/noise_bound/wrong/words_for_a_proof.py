"""A sentence comes back.

A chain: Derivation(log(p_x)).equals(...), with a reason for each line.
"""


def noise_bound():
    return "The noise is a latent variable, so the bound follows from Jensen's inequality."
