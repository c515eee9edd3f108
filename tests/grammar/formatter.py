"""A syntax tree in one line, with brackets around everything: what the tests of the parser compare."""

from matgrad.grammar import syntax


def show(node: object) -> str:
    """A node as text: `(a + (b * c))`, `f<x>` for calls, `(x ')`, `(A [i, 1:3])`, `<a, b>` for tuples."""
    match node:
        case syntax.Number(text=text):
            return text
        case syntax.Name(id=name):
            return name
        case syntax.Call(name=name, arguments=arguments):
            return f"{name}<{commas(arguments)}>"
        case syntax.Chain(operands=operands, operators=operators):
            rest = "".join(f" {op} {show(operand)}" for op, operand in zip(operators, operands[1:], strict=True))
            return f"({show(operands[0])}{rest})"
        case syntax.Negate(operand=operand):
            return f"(- {show(operand)})"
        case syntax.Transpose(operand=operand):
            return f"({show(operand)} ')"
        case syntax.Slice(start=start, stop=stop):
            return ":".join(show(end) if end else "" for end in (start, stop))
        case syntax.Index(operand=operand, subscripts=subscripts):
            return f"({show(operand)} [{commas(subscripts)}])"
        case syntax.Block(rows=rows):
            return "[" + "; ".join(commas(row) for row in rows) + "]"
        case syntax.Tuple(items=items):
            return f"<{commas(items)}>"
        case syntax.Binding(name=name, indices=indices, value=value):
            return f"{name}{'' if indices is None else '[' + ', '.join(indices) + ']'} = {show(value)}"
        case syntax.Body(bindings=bindings, result=result):
            return "; ".join(show(part) for part in (*bindings, result))
        case syntax.Type(attributes=attributes, kind=kind, sizes=sizes):
            return " ".join((*attributes, kind)) + (f"[{commas(sizes)}]" if sizes else "")
        case syntax.Parameter(name=name, type=type_):
            return f"{name}: {show(type_)}" if type_ else name
        case syntax.Function(name=None, parameters=parameters, body=body):
            return show(body) + (f" where {commas(parameters)}" if parameters else "")
        case syntax.Function(name=name, parameters=parameters, body=body):
            return f"fn {name}<{commas(parameters)}> {{{show(body)}}}"
        case syntax.Differential(name=name, parameters=parameters, value=value):
            return f"d {name}<{commas(parameters)}> = {show(value)}"
        case syntax.Rule(kind=kind, name=name, left=left, right=right, conditions=conditions):
            return f"{kind} {name}: {show(left)} | {show(right)}" + (
                f" when {commas(conditions)}" if conditions else ""
            )
    raise AssertionError(node)


def commas(nodes: tuple[syntax.Node, ...]) -> str:
    """Nodes with commas between them."""
    return ", ".join(show(node) for node in nodes)
