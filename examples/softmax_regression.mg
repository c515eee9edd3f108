# Softmax regression: Y has one row per observation with a 1 in the column of its class.
fn softmax_regression(X: matrix[m, n], Y: matrix[m, k], W: matrix[n, k]) = {
    Z = X*W
    sum(logsumexp(Z, 2)) - sum(Y .* Z)
}
