"""The view's lines below its tables: each begins with what it is about, and loses its end where there is no room."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from apivitals.demo import formatting
from apivitals.demo.inference import Inference, Model
from apivitals.demo.machine import Machine
from apivitals.demo.operations import CacheVitals, Operation, OperationVitals
from apivitals.demo.route import Channel
from apivitals.demo.vital_signs import ChannelVitals

SEPARATOR = "   "
WITHOUT_ROUTE = "(no route)"
_ITEMS = {"video": "frames"}
"""What the items of a component's operations are; of any other they are items."""


def channels(found: Mapping[Channel, ChannelVitals], width: int) -> Iterator[Text]:
    """Make a line for each WebSocket route."""
    for channel, vitals in sorted(found.items()):
        received, sent = map(formatting.per_second, (vitals.received_per_second, vitals.transmitted_per_second))
        numbers = [
            channel.template or WITHOUT_ROUTE,
            f"{vitals.open_sessions} open",
            f"messages {received}/s in {sent}/s out",
            f"session p50 {formatting.seconds(vitals.session_p50_seconds)}",
        ]
        yield _line("WebSocket", numbers, width)


def models(found: Mapping[Model, Inference], width: int) -> Iterator[Text]:
    """Make a line for each AI model."""
    for model, vitals in sorted(found.items()):
        tokens = {kind: formatting.three_digits(rate) for kind, rate in vitals.tokens_per_second.items()}
        numbers: list[str | Text] = [
            f"{model.provider} {model.name}",
            f"{formatting.per_second(vitals.calls_per_second)} calls/s",
            f"p95 {formatting.seconds(vitals.duration_p95_seconds)}",
            *_failures(vitals.failures_per_second),
            *(f"{tokens[kind]} tokens/s {way}" for kind, way in (("output", "out"), ("input", "in")) if kind in tokens),
        ]
        if not math.isnan(vitals.first_chunk_p95_seconds):
            numbers.append(f"first chunk p95 {formatting.seconds(vitals.first_chunk_p95_seconds)}")
        yield _line("AI", numbers, width)


def operations(found: Mapping[Operation, OperationVitals], width: int) -> Iterator[Text]:
    """Make a line for each tracked operation."""
    for operation, vitals in sorted(found.items()):
        numbers: list[str | Text] = [
            operation.name,
            f"{formatting.per_second(vitals.runs_per_second)} runs/s",
            f"p95 {formatting.seconds(vitals.duration_p95_seconds)}",
            *_failures(vitals.failures_per_second),
        ]
        if vitals.items_per_second:
            items = _ITEMS.get(operation.component, "items")
            numbers.insert(1, f"{formatting.per_second(vitals.items_per_second)} {items}/s")
        yield _line(operation.component or "tracked", numbers, width)


def caches(found: Mapping[str, CacheVitals], width: int) -> Iterator[Text]:
    """Make one line for all caches."""
    numbers = [
        f"{cache} {formatting.percent(vitals.hit_percent)} hits of {formatting.per_second(vitals.lookups_per_second)}/s"
        for cache, vitals in sorted(found.items())
    ]
    if numbers:
        yield _line("cache", numbers, width)


def errors(by_type: Mapping[str, float]) -> Text:
    """List the errors per second by their type, the most frequent first."""
    if not by_type:
        return Text("errors  none", style="dim")
    return Text("  ").join([Text("errors", style="bold"), *_failures(by_type)])


def machine(vitals: Machine, width: int) -> Iterator[Text]:
    """Make a line of what is known of the machine."""
    numbers = [
        (vitals.process_cpu_ratio, f"CPU {formatting.percent(100 * vitals.process_cpu_ratio)} of one"),
        (vitals.cpu_ratio, f"{vitals.limit}'s {formatting.percent(100 * vitals.cpu_ratio)}"),
        (vitals.process_memory_bytes, f"memory {formatting.size(vitals.process_memory_bytes)}"),
        (vitals.memory_ratio, f"{vitals.limit}'s {formatting.percent(100 * vitals.memory_ratio)}"),
        (vitals.longest_lag_seconds, f"loop up to {formatting.seconds(vitals.longest_lag_seconds)} late"),
        *((ratio, f"GPU {formatting.percent(100 * ratio)}") for ratio in vitals.gpu_ratios),
    ]
    known = [text for value, text in numbers if not math.isnan(value)]
    if known:
        yield _line("machine", known, width)


def complaint(*, unanswered: int, skipped: int) -> Iterator[Text]:
    """Admit what the load could not do."""
    counts = {"requests without an answer": unanswered, "requests left out, too many in flight": skipped}
    words = [f"{what}: {count}" for what, count in counts.items() if count]
    if words:
        yield Text(SEPARATOR.join(["load", *words]), style="red")


def _failures(by_type: Mapping[str, float]) -> list[Text]:
    """Write each type without its module, and how often it occurs; the most frequent first."""
    most_first = sorted(by_type.items(), key=lambda item: -item[1])
    return [
        Text.assemble((error_type.rpartition(".")[2], "red"), f" {formatting.per_second(rate)}/s")
        for error_type, rate in most_first
    ]


def _line(title: str, numbers: Sequence[str | Text], width: int) -> Text:
    line = Text.assemble((title, "bold"), "  ", numbers[0])
    for words in numbers[1:]:
        if len(line) + len(SEPARATOR) + len(words) > width:
            break
        line.append(SEPARATOR).append_text(words if isinstance(words, Text) else Text(words))
    return line
