"""YAML that stays the same and reads well: keys in their order, long queries over several lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

_WIDTH = 4096  # a query is broken where it was written so, or not at all


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and lists below their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # PyYAML's signature
        """Indent lists too."""
        super().increase_indent(flow, False)  # noqa: FBT003  # PyYAML's signature

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def document(content: Any, comment: Iterable[str]) -> str:
    """Write one document below a comment."""
    return f"{_head(comment)}\n{_body(content)}"


def documents(contents: Iterable[Any], comment: Iterable[str]) -> str:
    """Write several documents below a comment."""
    return _head(comment) + "".join(f"---\n{_body(content)}" for content in contents)


def _head(comment: Iterable[str]) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in comment)


def _body(content: Any) -> str:
    body: str = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    return body
