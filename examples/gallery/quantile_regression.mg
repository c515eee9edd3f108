# Quantile regression: the pinball loss at level tau.
fn quantile_regression(X: matrix[m, n], y: vector[m], w: vector[n], tau: scalar) = {
    r = y - X*w
    sum(tau*relu(r) + (1 - tau)*relu(-r))
}
