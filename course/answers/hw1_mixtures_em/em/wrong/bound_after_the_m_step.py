"""The bound is recorded after the M-step, with the old responsibilities.

The bound belongs between the two steps: after the E-step it touches ln p(x).
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        parameters = m_step(x, responsibilities)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
