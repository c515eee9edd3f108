# Generalized least squares: the errors have covariance S.
fn generalized_least_squares(X: matrix[m, n], y: vector[m], S: posdef matrix[m, m], w: vector[n]) = {
    r = X*w - y
    r'*(S \ r)
}
