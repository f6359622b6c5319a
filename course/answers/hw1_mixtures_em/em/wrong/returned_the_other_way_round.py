"""Bounds and parameters are returned the other way round.

First the parameters, then the bounds.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        parameters = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return bounds, parameters
