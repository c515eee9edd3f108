# Maximum likelihood of a Dirichlet distribution: s is the mean of the logarithms of the observations.
fn dirichlet(s: vector[n], a: positive vector[n]) = sum(lgamma(a)) - lgamma(sum(a)) - (a - 1)'*s
