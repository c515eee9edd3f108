# The negative Sharpe ratio of a portfolio x with expected returns mu and covariance S.
fn sharpe_ratio(mu: vector[n], S: posdef matrix[n, n], x: vector[n]) = -mu'*x/sqrt(x'*S*x)
