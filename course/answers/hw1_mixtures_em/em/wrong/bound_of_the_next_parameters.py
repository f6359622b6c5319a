"""The bounds begin with the second iteration's: new parameters with new responsibilities, computed once.

Record the bound before you move the parameters; the start has a bound, too.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    responsibilities = e_step(x, *parameters)
    for _ in range(n_iterations):
        parameters = m_step(x, responsibilities)
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
