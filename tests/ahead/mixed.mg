# Functions with what the interfaces have to tell: sizes that are composed, integers, several results, requirements.
fn pick(x: vector[n], i: integer scalar) = x[i]^2
fn two(A: matrix[m, n], b: vector[m]) = (A'*b, sum(A))
fn composed(v: vector[m*n], A: matrix[m, n]) = sum(v .* vec(A))
fn shifted(x: vector[n+1], y: vector[n]) = x[1:]'*y
fn logarithm(A: posdef matrix[n, n]) = logdet(A)
fn least(double: vector[n], workspace: vector[n]) = min(double'*workspace, 1)
fn bilinear(U: matrix[m, k], V: matrix[n, k], T: matrix[m, n]) = sum((U*V' - T).^2)
