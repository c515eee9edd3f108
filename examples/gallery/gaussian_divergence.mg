# The Kullback-Leibler divergence of a normal distribution with mean a and covariance A from one with b and B.
fn gaussian_divergence(a: vector[n], A: posdef matrix[n, n], b: vector[n], B: posdef matrix[n, n]) =
    0.5*(tr(B \ A) + (a - b)'*(B \ (a - b)) - n + logdet(B) - logdet(A))
