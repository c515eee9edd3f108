# Robust regression: residuals beyond delta count linearly, so that outliers pull less.
fn huber_regression(X: matrix[m, n], y: vector[m], w: vector[n], delta: positive scalar) = sum(huber(X*w - y, delta))
