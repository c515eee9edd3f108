# Attention: how far softmax(Q*K')*V is from a target T.
fn attention(Q: matrix[m, d], K: matrix[n, d], V: matrix[n, k], T: matrix[m, k]) =
    normfro(softmax(Q*K'/sqrt(d), 2)*V - T)^2/2
