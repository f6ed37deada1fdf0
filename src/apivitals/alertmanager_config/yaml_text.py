"""YAML as people write it: short lists on one line, no anchors, times in quotes, and a comment above what needs one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

_WIDTH = 120
_LIKE_A_TIME = re.compile(r"\d+:\d+")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:  # noqa: FBT001  # PyYAML's signature
        plain = all(isinstance(item, str) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=plain if flow_style is None else flow_style)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # YAML 1.1 takes 22:00 for a number to the base of 60
    style = '"' if _LIKE_A_TIME.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def section(content: Any, why: str = "") -> str:
    """Write it, below a comment if there is something to say."""
    text = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return f"# {why}\n{text}" if why else text


def items(key: str, commented: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Write a list, each item below its comment."""
    indented = "".join(section([content], why) for why, content in commented)
    return f"{key}:\n" + "".join(f"  {line}\n" for line in indented.splitlines())
