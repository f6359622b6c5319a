"""The bound is computed with the responsibilities of the iteration before.

After the E-step, use what it has just returned.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds, before = [], e_step(x, *parameters)
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, before, *parameters).mean()))
        before = responsibilities
        parameters = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
