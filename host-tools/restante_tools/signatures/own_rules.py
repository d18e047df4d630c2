"""Reads our own rules, a YAML file: senders, subjects and file names by globs. Pure.

    rules:
      - name: Acme.Invoice.Screensaver
        file: ["*.scr", "invoice*.exe"]

A rule has a name and one of `file`, `sender`, `subject`: a glob or a list of globs, of which one
must fit the whole. Letters are compared in either case.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml  # type: ignore[import-untyped]

from restante_tools.signatures import layout
from restante_tools.signatures.clamav import NAME, check_name
from restante_tools.signatures.model import Entry, Place, Refusal, Rule, Unsupported
from restante_tools.signatures.rules import check_glob

KINDS = {"file": layout.BY_FILE, "sender": layout.BY_SENDER, "subject": layout.BY_SUBJECT}
SHAPE = "malformed: not a list of rules under the key `rules`"


def text_of(node: yaml.Node) -> str:
    """The text of a scalar, whatever YAML would make of it (`no`, `1.5`)."""
    if not isinstance(node, yaml.ScalarNode):
        raise Unsupported("malformed: a text is expected")
    return str(node.value)


def fields_of(node: yaml.Node) -> dict[str, yaml.Node]:
    """A mapping's values by key."""
    if not isinstance(node, yaml.MappingNode):
        raise Unsupported("malformed: a mapping is expected")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = text_of(key)
        if name in fields:
            raise Unsupported(f"malformed: `{name}` is there twice")
        fields[name] = value
    return fields


def globs_of(node: yaml.Node) -> list[bytes]:
    """A glob, or a list of them."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [check_glob(text_of(each).encode()) for each in nodes]


def rules_of(node: yaml.Node) -> list[Rule]:
    """One rule of the list: one of ours for each of its globs."""
    fields = fields_of(node)
    if "name" not in fields:
        raise Unsupported("rule without a name")
    name = check_name(text_of(fields.pop("name")))
    if len(fields) != 1 or not set(fields) <= set(KINDS):
        raise Unsupported(f"a rule has a name and one of: {', '.join(KINDS)}")
    ((key, globs),) = fields.items()
    return [Rule(name, KINDS[key], glob) for glob in globs_of(globs)]


def name_in(node: yaml.Node) -> str:
    """The rule's name as far as it has one, for a Refusal."""
    try:
        name = text_of(fields_of(node)["name"])
    except (Unsupported, KeyError):
        return ""
    return name if NAME.fullmatch(name) else ""


def list_of(text: bytes) -> list[yaml.Node]:
    """The nodes of all rules. Nothing is constructed: texts stay texts."""
    root = yaml.compose(text.decode("utf-8"), Loader=yaml.SafeLoader)
    if root is None:
        return []
    listed = fields_of(root).get("rules")
    if not isinstance(listed, yaml.SequenceNode) or len(root.value) != 1:
        raise Unsupported(SHAPE)
    return list(listed.value)


def read_rules(file: str, text: bytes) -> Iterator[Entry | Refusal]:
    """All rules of one file, in order."""
    try:
        nodes = list_of(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, Unsupported) as error:
        mark = getattr(error, "problem_mark", None)
        reason = str(error) if isinstance(error, Unsupported) else "malformed YAML"
        yield Refusal(Place(file, mark.line + 1 if mark else 1), "", reason)
        return
    for node in nodes:
        place = Place(file, node.start_mark.line + 1)
        try:
            for rule in rules_of(node):
                yield Entry(place, rule)
        except Unsupported as refused:
            yield Refusal(place, name_in(node), str(refused))
