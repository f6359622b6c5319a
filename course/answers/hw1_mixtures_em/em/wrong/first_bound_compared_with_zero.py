"""The first bound is compared with 0.

The first iteration has nothing to compare with.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds, before = [], 0.0
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        parameters = m_step(x, responsibilities)
        if abs(bounds[-1] - before) <= tolerance:
            break
        before = bounds[-1]
    return parameters, bounds
