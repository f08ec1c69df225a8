"""Documents made up for a task of lm-evaluation-harness, after what its templates and functions ask of one.

No data set is fetched: the fields are those that the task's Jinja and Python name, and their types are guessed from how
they are used (looked up in a list of letters, taken apart by index, joined ...). A guess may be wrong; whoever asks
draws again.
"""

import inspect
import random
import re

from jinja2 import Environment, nodes

WORDS = [
    "river",
    "stone",
    "maps",
    "Paris",
    "blue",
    "seven",
    "yes",
    "no",
    "maybe",
    "Kenya",
    "dog",
    "fox",
    "lazy",
    "cat",
    "Bob",
    "Ann",
    "42",
    "7",
    "1,200",
    "schön",
    "東京",
    "Über",
]
TEXT = (
    "question",
    "text",
    "sentence",
    "passage",
    "context",
    "premise",
    "hypothesis",
    "goal",
    "query",
    "story",
    "input",
)
PARTS = (
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "process_docs",
    "process_results",
    "doc_to_decontamination_query",
)


def fields_of(config):
    """By path (``("choices", "text")``) the ways in which a task's configuration uses the fields of a document."""
    uses = {}
    for part in PARTS:
        value = config.get(part)
        if callable(value):
            _python_fields(value, uses)
        elif isinstance(value, str):
            if "{{" in value or "{%" in value:
                _jinja_fields(value, uses)
                alone = re.fullmatch(r"{{\s*(\w+(?:\.\w+)*)\s*}}", value)
                if part == "doc_to_choice" and alone:
                    uses.setdefault(tuple(alone[1].split(".")), set()).add("list")
            else:
                uses.setdefault((value,), set()).add(part)
        if part == "doc_to_choice" and isinstance(value, list):
            uses.setdefault(("",), set()).add(("choices", len(value)))
    for step in config.get("filter_list") or ():
        if any(one.get("function") == "multi_choice_regex" for one in step["filter"]):
            uses.setdefault(("choices",), set()).add("list")
    return uses


def _python_fields(function, uses, depth=0):
    module = inspect.getmodule(function)
    try:
        source = inspect.getsource(module) if module is not None and depth == 0 else inspect.getsource(function)
    except (OSError, TypeError):
        return
    for name, rest in re.findall(r"""(?:doc|x|example|row|item)\[["']([\w ]+)["']\]((?:\[["']?\w+["']?\])*)""", source):
        path = [name]
        uses_here = uses.setdefault((name,), set())
        for part in re.findall(r"\[([^\]]+)\]", rest):
            if part[0] in "\"'":
                path.append(part.strip("\"'"))
                uses_here = uses.setdefault(tuple(path), set())
            else:
                uses_here.add("list")
    for name in re.findall(r"""doc\.get\(["']([\w ]+)["']""", source):
        uses.setdefault((name,), set())


def _path(node):
    """The fields that a chain of lookups goes through, and whether an index of a list was among them."""
    if isinstance(node, nodes.Name):
        return (node.name,), False
    if isinstance(node, nodes.Getattr):
        inner = _path(node.node)
        return (inner[0] + (node.attr,), inner[1]) if inner else None
    if isinstance(node, nodes.Getitem):
        inner = _path(node.node)
        if inner and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return inner[0] + (node.arg.value,), inner[1]
        return (inner[0], True) if inner else None
    return None


def _jinja_fields(template, uses):
    try:
        tree = Environment().parse(template)
    except Exception:
        return
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}

    def use(node, how=None):
        found = _path(node)
        if not found or found[0][0] in own or found[0][0] in ("range", "loop", "none", "true", "false"):
            return
        path = found[0]
        if path[-1] in METHODS:
            path = path[:-1]
            how = how if how is not None else "text"
        if not path:
            return
        uses.setdefault(path, set())
        if found[1]:
            uses[path].add("list")
        if how is not None:
            uses[path].add(how)

    for name in tree.find_all(nodes.Name):
        if name.ctx == "load":
            use(name)
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        use(node)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Name | nodes.Getattr | nodes.Getitem):
            if isinstance(node.node, nodes.List):
                use(node.arg, ("index", len(node.node.items)))
            elif isinstance(node.node, nodes.Dict):
                use(
                    node.arg,
                    ("one of", tuple(pair.key.value for pair in node.node.items if hasattr(pair.key, "value"))),
                )
            else:
                use(node.arg, ("index", 3))
    for node in tree.find_all(nodes.Call):
        if isinstance(node.node, nodes.Getattr) and node.node.attr == "index" and node.args:
            if isinstance(node.node.node, nodes.List):
                options = tuple(item.value for item in node.node.node.items if isinstance(item, nodes.Const))
                use(node.args[0], ("one of", options))
            else:
                found = _path(node.node.node)
                if found:
                    use(node.node.node, "list")
                    use(node.args[0], ("in", found[0]))
    for node in tree.find_all(nodes.For):
        use(node.iter, "list")
    for node in tree.find_all(nodes.Filter):
        if node.node is not None and node.name in ("join", "list", "first", "last", "length"):
            use(node.node, "list")
    for node in tree.find_all(nodes.Compare):
        for operand in node.ops:
            if isinstance(operand.expr, nodes.Const):
                use(node.expr, ("one of", (operand.expr.value, "other" if isinstance(operand.expr.value, str) else 0)))


METHODS = {
    "strip", "lower", "upper", "split", "replace", "index", "rstrip", "lstrip", "title", "capitalize", "startswith",
    "endswith", "items", "keys", "values", "find", "join", "format", "get", "append",
}  # fmt: skip


def fabricate(uses, draw, count):
    """``count`` documents with the fields, their types drawn once for all."""
    leaves = {path: how for path, how in uses.items() if path != ("",)}
    inner = {path[:depth] for path in leaves for depth in range(1, len(path))}
    leaves = {path: how for path, how in leaves.items() if path not in inner}
    size = next((how[1] for how in uses.get(("",), ()) if isinstance(how, tuple)), draw.choice([2, 3, 4, 4]))
    kinds = {path: _kind(path, how, draw, size, bool(leaves.get(path[:-1]))) for path, how in leaves.items()}
    # A field of a field that is used as a list is a list too (choices.text), or each item of a list is a dict.
    docs = []
    for place in range(count):
        doc, later = {}, []
        for path, kind in kinds.items():
            if isinstance(kind, tuple) and kind[0] == "in":
                later.append((path, kind[1]))
            else:
                _put(doc, path, _value(kind, draw, size, place))
        for path, where in later:
            options = doc
            for part in where:
                options = options.get(part, []) if isinstance(options, dict) else []
            _put(doc, path, draw.choice(options) if options else "A")
        docs.append(doc)
    return docs


def _put(doc, path, value):
    for part in path[:-1]:
        doc = doc.setdefault(part, {})
        if not isinstance(doc, dict):
            return
    doc[path[-1]] = value


def _kind(path, how, draw, size, _):
    """What a field holds: given by its use where that tells, else guessed from its name."""
    for one in how:
        if isinstance(one, tuple) and one[0] in ("one of", "in", "index"):
            return one
    name = path[-1].lower()
    if "list" in how or "doc_to_choice" in how:
        if name == "label" and len(path) > 1:
            return "letters"
        return (
            draw.choice(["texts", "texts", "numbers", "label list"])
            if "answer" in name or "target" in name
            else "texts"
        )
    if re.search(r"choices|options|endings|candidates|answers$|targets|distractors|solutions", name):
        return draw.choice(["texts", "texts", "letters list"])
    if "doc_to_target" in how or re.search(r"label|gold|answer|correct|target|idx|class|key|output|score", name):
        return draw.choice([("index", size), ("index", size), "letter", "text", "number text", "digit", "yes", "bool"])
    if any(word in name for word in TEXT):
        return "sentence"
    return draw.choice(["sentence", "text", "text", "number text", ("index", size)])


def _value(kind, draw, size, place):
    if isinstance(kind, tuple):
        return draw.choice(kind[1]) if kind[0] == "one of" and kind[1] else draw.randrange(kind[1] or 1)
    return {
        "letters": lambda: list("ABCDEFGH"[:size]),
        "letters list": lambda: [f"{letter}. {_words(draw, 1, 2)}" for letter in "ABCDEFGH"[:size]],
        "texts": lambda: [f"{_words(draw, 1, 3)} {number}" for number in range(size)],
        "numbers": lambda: [draw.randint(0, 9) for _ in range(size)],
        "label list": lambda: [draw.choice("AB") for _ in range(size)],
        "letter": lambda: draw.choice("ABCDEFGH"[:size]),
        "digit": lambda: str(draw.randrange(size)),
        "yes": lambda: draw.choice(["yes", "no"]),
        "bool": lambda: draw.random() < 0.5,
        "text": lambda: _words(draw, 1, 3),
        "number text": lambda: str(draw.randint(0, 99)),
        "sentence": lambda: f"{_words(draw, 4, 9)} {place}?",
    }[kind]()


def _words(draw, least, most):
    return " ".join(draw.choices(WORDS, k=draw.randint(least, most)))


def answers_for(task, doc, draw):
    """One generated answer to a document: often its target in some form."""
    try:
        target = task.doc_to_target(doc)
        if task.config.doc_to_choice is not None and isinstance(target, int) and not isinstance(target, bool):
            target = task.doc_to_choice(doc)[target]
    except Exception:
        target = ""
    if isinstance(target, list):
        target = draw.choice(target) if target else ""
    text = str(target).strip()
    if draw.random() < 0.35:
        text = draw.choice([draw.choice("ABCD"), _words(draw, 1, 3), str(draw.randint(0, 99)), "yes", "no"])
    return draw.choice(
        [
            text, text, text, f" {text}", f"The answer is {text}.", f"The answer is ({text}).", f"#### {text}",
            f"So the answer is {text}", f"\\boxed{{{text}}}", f"Final Answer: {text}", f"[[{text}]]", f"{text}\n\nQ:",
            f"The best answer is {text}", f"({text})", f"**{text}**", f"ANSWER: {text}", "", f"${text}$",
            f"Final Answer: The final answer is ${text}$. I hope it is correct.", text.lower(), text.upper(),
        ]
    )  # fmt: skip


def generator(*parts):
    """Random numbers that depend on nothing but the parts."""
    return random.Random("/".join(map(str, parts)))
