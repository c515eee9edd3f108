# Logistic regression with labels 0 and 1, and a ridge penalty.
fn loss(X: matrix[m, n], y: vector[m], w: vector[n], lam: nonneg scalar) = {
    z = X*w
    sum(softplus(z) - y .* z) / m + lam/2 * w'*w
}
