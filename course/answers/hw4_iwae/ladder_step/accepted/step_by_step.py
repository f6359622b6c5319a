"""One name a line, factors in another order."""


def ladder_step():
    chain = Derivation(log(p_x))
    chain = chain.equals(log(sum_z(p_x_given_z * p_z)), because="marginalization")
    chain = chain.equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
    return chain.at_least(E(p_z, log(p_x_given_z)), because="jensen")
