# The log barrier of the linear program: least c'*x where A*x <= b.
fn log_barrier(A: matrix[m, n], b: positive vector[m], c: vector[n], x: vector[n], t: positive scalar) =
    c'*x - t*sum(log(b - A*x))
