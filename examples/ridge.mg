# Ridge regression.
fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: positive scalar) = {
    r = X*w - y
    r'*r + lam * w'*w
}
