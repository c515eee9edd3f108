# The negative dual of optimal transport with entropy e between the weights a and b, at cost C.
fn optimal_transport(C: matrix[m, n], a: vector[m], b: vector[n], f: vector[m], g: vector[n], e: positive scalar) =
    e*sum(exp((f + g' - C)/e)) - a'*f - b'*g
