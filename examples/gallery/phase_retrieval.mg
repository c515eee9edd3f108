# Phase retrieval: x from the squares b of linear measurements.
fn phase_retrieval(A: matrix[m, n], b: vector[m], x: vector[n]) = sum(((A*x).^2 - b).^2)/(4*m)
