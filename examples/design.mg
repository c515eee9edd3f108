# Optimal design of experiments: weights w on the candidate measurements, the rows of A.
fn d_optimal(A: matrix[m, n], w: positive vector[m]) = -logdet(A'*diag(w)*A)

fn a_optimal(A: matrix[m, n], w: positive vector[m]) = tr(inv(A'*diag(w)*A))
