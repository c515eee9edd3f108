# Regression with Student's t errors of nu degrees of freedom, up to a constant.
fn student_regression(X: matrix[m, n], y: vector[m], w: vector[n], nu: positive scalar) =
    (nu + 1)/2 * sum(log1p((X*w - y).^2 / nu))
