# Least squares: the gradient is zero at the solution of the normal equations X'*X*w = X'*y.
fn least_squares(X: matrix[m, n], y: vector[m], w: vector[n]) = norm2(X*w - y)^2 / 2
