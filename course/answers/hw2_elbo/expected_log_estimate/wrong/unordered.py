"""Sequences that differ in their order are counted once.

(1, 2) and (2, 1) are two sequences: with combinations each must count as often as it can be ordered.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    import itertools
    total = torch.zeros((), dtype=q_z.dtype)
    for sequence in itertools.combinations_with_replacement(range(len(q_z)), n_samples):
        total = total + q_z[list(sequence)].prod() * (p_xz / q_z)[list(sequence)].mean().log()
    return total
