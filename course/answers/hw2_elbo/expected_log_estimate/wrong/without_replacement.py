"""Each z may come once only.

The samples are independent: the same z can come again.
"""


def expected_log_estimate(p_xz, q_z, n_samples):
    import itertools
    total = torch.zeros((), dtype=q_z.dtype)
    for sequence in itertools.permutations(range(len(q_z)), min(n_samples, len(q_z))):
        total = total + q_z[list(sequence)].prod() * (p_xz / q_z)[list(sequence)].mean().log()
    return total
