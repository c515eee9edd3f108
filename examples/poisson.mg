# Poisson regression with the canonical link (without the constant of the likelihood).
fn poisson(X: matrix[m, n], y: vector[m], w: vector[n]) = {
    z = X*w
    sum(exp(z) - y .* z)
}
