# The Rayleigh quotient: its stationary points are the eigenvectors of A.
fn rayleigh_quotient(A: symmetric matrix[n, n], x: vector[n]) = x'*A*x/(x'*x)
