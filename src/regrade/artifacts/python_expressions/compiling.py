"""Python's syntax trees to functions of a scope (names to values); what is not listed here is refused."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from regrade.artifacts.python_expressions.functions import (
    CLASSES,
    MODULES,
    Function,
    builtins_of,
    methods_of,
    modules_of,
)
from regrade.budget import Budget, ExpressionRefused, format_spec, power

Scope: TypeAlias = dict[str, Any]
Value: TypeAlias = Callable[[Scope], Any]

_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, holder: item in holder,
    ast.NotIn: lambda item, holder: item not in holder,
}
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: operator.rshift,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_CONVERSIONS: Final[dict[int, Callable[[Any], str]]] = {-1: str, ord("s"): str, ord("r"): repr, ord("a"): ascii}


def _dotted(node: ast.expr) -> list[str]:
    """The names of ``a.b.c``; of anything else, one name that is none."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        path = _dotted(node.value)
        return [*path, node.attr] if path[0] else path
    return [""]


class Compiler:
    """Makes functions of the nodes of one expression.

    Args:
        text: The expression, for messages.
        budget: What it may spend on a row.
        imports: The modules that it may name.
    """

    def __init__(self, text: str, budget: Budget, imports: frozenset[str]) -> None:
        self.text = text
        self.budget = budget
        self.imports = imports
        self.functions = builtins_of(budget)
        self.modules = modules_of(budget)
        self.methods = methods_of(budget)
        self.method_names = frozenset(name for names in self.methods.values() for name in names)
        self.own: tuple[str, ...] = ()
        """Names that comprehensions and lambdas around the node give to values."""

    def compile(self, node: ast.AST) -> Value:
        """The function that gives the value of a node.

        Raises:
            ExpressionRefused: the node is none of those that are allowed.
        """
        make = getattr(self, f"_{type(node).__name__.lower()}", None)
        if make is None:
            raise self._refused(node, "is not allowed in expressions")
        try:
            value: Value = make(node)
        except RecursionError:
            raise ExpressionRefused(f"{self.text[:60]!r}... is nested too deeply") from None
        return value

    def _refused(self, node: ast.AST, why: str) -> ExpressionRefused:
        part = ast.unparse(node)
        return ExpressionRefused(f"{part!r} {why}" if part == self.text else f"{part!r} in {self.text!r} {why}")

    # Constants and names

    def _constant(self, node: ast.Constant) -> Value:
        value = node.value
        return lambda scope: value

    def _name(self, node: ast.Name) -> Value:
        name = node.id
        function = None if name in self.own else self.functions.get(name)

        def get(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                if function is not None:
                    return function
                raise ValueError(f"there is no field {name!r}; there are {', '.join(map(str, scope))}") from None

        return get

    def _attribute(self, node: ast.Attribute) -> Value:
        found = self._of_module(node)
        if found is None:
            raise self._refused(node, "is no method call, and attributes cannot be read")
        return lambda scope: found[0]

    def _of_module(self, node: ast.Attribute) -> tuple[Any] | None:
        """What ``module.name`` or ``str.lower`` stands for; None if the name before the dot is that of a value."""
        root, *rest = _dotted(node)
        name = ".".join(rest)
        if not rest or root in self.own:
            return None
        if root in self.imports:
            if name not in self.modules[root]:
                raise self._refused(node, f"cannot be had; there are {', '.join(self.modules[root])}")
            return (self.modules[root][name],)
        if root in CLASSES and name in self.methods.get(CLASSES[root], {}):
            return (self.methods[CLASSES[root]][name],)
        if root in MODULES and name in self.modules[root] and name not in self.method_names:  # a field may be so called
            raise self._refused(node, f"needs {root!r} in imports_list")
        return None

    # Operators

    def _boolop(self, node: ast.BoolOp) -> Value:
        parts = [self.compile(part) for part in node.values]
        first, rest = parts[0], parts[1:]
        stop_at = isinstance(node.op, ast.Or)

        def decide(scope: Scope) -> Any:
            value = first(scope)
            for part in rest:
                if bool(value) is stop_at:
                    return value
                value = part(scope)
            return value

        return decide

    def _unaryop(self, node: ast.UnaryOp) -> Value:
        apply, operand = _UNARY[type(node.op)], self.compile(node.operand)
        return lambda scope: apply(operand(scope))

    def _binop(self, node: ast.BinOp) -> Value:
        left, right, budget = self.compile(node.left), self.compile(node.right), self.budget
        if isinstance(node.op, ast.Mult):
            return lambda scope: budget.product(left(scope), right(scope))
        if isinstance(node.op, ast.Mod):
            return lambda scope: budget.modulo(left(scope), right(scope))
        if type(node.op) not in _ARITHMETIC:
            raise self._refused(node, "is not allowed in expressions")
        apply = _ARITHMETIC[type(node.op)]
        return lambda scope: budget.charge(apply(left(scope), right(scope)))

    def _compare(self, node: ast.Compare) -> Value:
        left = self.compile(node.left)
        rest = [
            (_COMPARISONS[type(kind)], self.compile(right))
            for kind, right in zip(node.ops, node.comparators, strict=True)
        ]
        if len(rest) == 1:
            ((holds, right),) = rest
            return lambda scope: holds(left(scope), right(scope))

        def chained(scope: Scope) -> Any:
            value, result = left(scope), True
            for holds, part in rest:
                following = part(scope)
                result = holds(value, following)
                if not result:
                    return result
                value = following
            return result

        return chained

    def _ifexp(self, node: ast.IfExp) -> Value:
        condition, yes, no = self.compile(node.test), self.compile(node.body), self.compile(node.orelse)
        return lambda scope: yes(scope) if condition(scope) else no(scope)

    def _subscript(self, node: ast.Subscript) -> Value:
        holder, key, budget = self.compile(node.value), self.compile(node.slice), self.budget
        if isinstance(node.slice, ast.Slice):
            return lambda scope: budget.charge(holder(scope)[key(scope)])
        return lambda scope: holder(scope)[key(scope)]

    def _slice(self, node: ast.Slice) -> Value:
        bounds: list[Value] = [
            (lambda scope: None) if part is None else self.compile(part) for part in (node.lower, node.upper, node.step)
        ]
        return lambda scope: slice(*(bound(scope) for bound in bounds))

    # Displays, f-strings

    def _items(self, nodes: list[ast.expr]) -> Callable[[Scope], list[Any]]:
        parts = [
            (isinstance(node, ast.Starred), self.compile(node.value if isinstance(node, ast.Starred) else node))
            for node in nodes
        ]
        if not any(spread for spread, _ in parts):
            values = [value for _, value in parts]
            return lambda scope: [value(scope) for value in values]

        def collect(scope: Scope) -> list[Any]:
            found: list[Any] = []
            for spread, value in parts:
                if spread:
                    found.extend(self.budget.count_steps(value(scope)))
                else:
                    found.append(value(scope))
            return found

        return collect

    def _list(self, node: ast.List) -> Value:
        items, made = self._items(node.elts), self.budget.charge
        return lambda scope: made(items(scope))

    def _tuple(self, node: ast.Tuple) -> Value:
        items, made = self._items(node.elts), self.budget.charge
        return lambda scope: made(tuple(items(scope)))

    def _set(self, node: ast.Set) -> Value:
        items, made = self._items(node.elts), self.budget.charge
        return lambda scope: made(set(items(scope)))

    def _dict(self, node: ast.Dict) -> Value:
        pairs = [
            (None if key is None else self.compile(key), self.compile(value))
            for key, value in zip(node.keys, node.values, strict=True)
        ]

        def collect(scope: Scope) -> Any:
            found: dict[Any, Any] = {}
            for key, value in pairs:
                if key is None:
                    found.update(value(scope))
                else:
                    found[key(scope)] = value(scope)
            return self.budget.charge(found)

        return collect

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        parts, budget = [self.compile(part) for part in node.values], self.budget

        def join(scope: Scope) -> str:
            texts = [part(scope) for part in parts]
            budget.take(sum(map(len, texts)))
            return "".join(texts)

        return join

    def _formattedvalue(self, node: ast.FormattedValue) -> Value:
        value = self.compile(node.value)
        convert = _CONVERSIONS[node.conversion]
        spec = self.compile(node.format_spec) if node.format_spec else None

        def show(scope: Scope) -> str:
            found = value(scope)
            self.budget.before_text(found)
            if spec is None:
                return str(convert(found))
            return format(found if node.conversion == -1 else convert(found), format_spec(spec(scope)))

        return show

    # Comprehensions, lambdas, calls

    def _listcomp(self, node: ast.ListComp) -> Value:
        rows, made = self._rounds(node.generators, node.elt), self.budget.charge
        return lambda scope: made(list(rows(scope)))

    def _setcomp(self, node: ast.SetComp) -> Value:
        rows, made = self._rounds(node.generators, node.elt), self.budget.charge
        return lambda scope: made(set(rows(scope)))

    def _dictcomp(self, node: ast.DictComp) -> Value:
        pairs = self._rounds(node.generators, ast.Tuple(elts=[node.key, node.value], ctx=ast.Load()))
        return lambda scope: self.budget.charge(dict(pairs(scope)))

    def _generatorexp(self, node: ast.GeneratorExp) -> Value:
        return self._rounds(node.generators, node.elt)

    def _rounds(self, loops: list[ast.comprehension], element: ast.expr) -> Callable[[Scope], Iterator[Any]]:
        outside = self.own
        compiled = []
        for loop in loops:
            source = self.compile(loop.iter)
            bind = self._target(loop.target)
            compiled.append((bind, source, [self.compile(condition) for condition in loop.ifs]))
        value = self.compile(element)
        self.own = outside
        counted = self.budget.count_steps

        def rounds(scope: Scope, depth: int) -> Iterator[Any]:
            bind, source, conditions = compiled[depth]
            for item in counted(source(scope)):
                bind(scope, item)
                if all(condition(scope) for condition in conditions):
                    if depth + 1 < len(compiled):
                        yield from rounds(scope, depth + 1)
                    else:
                        yield value(scope)

        return lambda scope: rounds(dict(scope), 0)

    def _target(self, node: ast.expr) -> Callable[[Scope, Any], None]:
        """Gives names to the values of one round; they are known to what is compiled after it."""
        if isinstance(node, ast.Name):
            name = node.id
            self.own = (*self.own, name)
            return lambda scope, value: scope.__setitem__(name, value)
        if not isinstance(node, ast.Tuple | ast.List):
            raise self._refused(node, "cannot be assigned to")
        parts = [self._target(part) for part in node.elts]

        def unpack(scope: Scope, value: Any) -> None:
            for bind, item in zip(parts, value, strict=True):
                bind(scope, item)

        return unpack

    def _lambda(self, node: ast.Lambda) -> Value:
        given = node.args
        if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
            raise self._refused(node, "has other arguments than plain ones")
        names = [argument.arg for argument in given.args]
        outside, self.own = self.own, (*self.own, *names)
        body = self.compile(node.body)
        self.own = outside

        def make(scope: Scope) -> Function:
            def function(*values: Any) -> Any:
                self.budget.step()
                return body({**scope, **dict(zip(names, values, strict=True))})

            return function

        return make

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance" and "isinstance" not in self.own:
            return self._isinstance(node)
        function, method = self._callee(node.func)
        items = self._items(node.args)
        options = [(keyword.arg, self.compile(keyword.value)) for keyword in node.keywords]
        if any(name is None for name, _ in options):
            raise self._refused(node, "spreads a dict over arguments")
        budget = self.budget

        def call(scope: Scope) -> Any:
            budget.step()
            args = items(scope)
            named = {str(name): value(scope) for name, value in options}
            if method is None:
                return budget.charge(function(scope)(*args, **named))
            holder = function(scope)
            value = self._method(holder, method)(holder, *args, **named)
            return value if method == "get" else budget.charge(value)

        return call

    def _callee(self, node: ast.expr) -> tuple[Value, str | None]:
        """What is called: a function, or the holder of a method and its name."""
        if isinstance(node, ast.Name) and node.id not in self.own:
            function = self.functions.get(node.id)
            if function is None:
                raise self._refused(node, f"is no function that can be called; there are {', '.join(self.functions)}")
            return lambda scope: function, None
        if isinstance(node, ast.Attribute):
            found = self._of_module(node)
            if found is not None:
                return lambda scope: found[0], None
            if node.attr in self.method_names:
                return self.compile(node.value), node.attr
            raise self._refused(node, "is no method that can be called")
        raise self._refused(node, "cannot be called")

    def _method(self, holder: Any, name: str) -> Function:
        for kind in type(holder).__mro__:
            method = self.methods.get(kind, {}).get(name)
            if method is not None:
                return method
        raise ValueError(f"{type(holder).__name__} has no {name!r} that can be called")

    def _isinstance(self, node: ast.Call) -> Value:
        match node.args:
            case [of, ast.Name(id=name)]:
                names = [name]
            case [of, ast.Tuple(elts=parts)]:
                names = [part.id if isinstance(part, ast.Name) else "" for part in parts]
            case _:
                raise self._refused(node, "asks for no type")
        if node.keywords or not set(names) <= CLASSES.keys():
            raise self._refused(node, f"asks for none of the types {', '.join(CLASSES)}")
        value, kinds = self.compile(of), tuple(CLASSES[name] for name in names)
        return lambda scope: isinstance(value(scope), kinds)
