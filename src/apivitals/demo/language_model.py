"""A language model with random weights: it talks nonsense about films, and takes real time to.

Each token costs the matrix products of a small recurrent network, so its time grows with the tokens and the width, as
with a real one. Nothing in it is trained, and two runs say the same.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_WORDS = """
the a her his their every nobody and but while until because although of in on at behind across harbour garden witness
frontier orchestra lighthouse inheritance caravan stranger detective island letter winter midnight silence storm brother
daughter pianist thief village train photograph secret summer mirror river silent crimson distant hollow golden restless
borrowed electric last forgotten lonely brave quiet strange finds loses follows betrays remembers steals hides leaves
returns waits falls dreams confesses escapes slowly once again never always almost
""".split()  # noqa: SIM905 (words are easier to read as a text)
_KEPT = np.float32(0.9)
"""How much of its memory stays from one token to the next."""
_TEMPERATURE = np.float32(8)

Activations = npt.NDArray[np.float32]


class Size(NamedTuple):
    """How wide its layers are, and how many there are: their matrices have width x width numbers."""

    width: int
    layers: int


SIZES = {"story-small": Size(width=512, layers=4), "story-large": Size(width=1024, layers=6)}
"""The models by name; some tenths of a millisecond a token, and a few milliseconds."""


class LanguageModel:
    """A recurrent network over a vocabulary of a hundred words."""

    def __init__(self, size: Size) -> None:
        random = np.random.default_rng(size.width)
        scale = np.float32(size.width**-0.5)
        self._layers = [
            random.standard_normal((size.width, size.width), dtype=np.float32) * scale for _ in range(size.layers)
        ]
        self._embedding = random.standard_normal((len(_WORDS), size.width), dtype=np.float32)

    def tokens(self, text: str) -> list[int]:
        """Divide a text into tokens: its words, each of which has a number, known or not."""
        return [sum(word.encode()) % len(_WORDS) for word in text.split()]

    def answer(self, prompt: str, tokens: int) -> Iterator[str]:
        """Read the prompt, then yield that many words."""
        read = self.tokens(prompt) or [0]
        random = np.random.default_rng(read)
        state = self._through_the_layers(self._embedding[read]).mean(axis=0)
        for _ in range(tokens):
            scores = self._embedding @ state / _TEMPERATURE
            # Gumbel noise on the scores draws a word in proportion to their softmax.
            chosen = int(np.argmax(scores + random.gumbel(size=len(_WORDS))))
            yield _WORDS[chosen]
            state = self._through_the_layers(_KEPT * state + self._embedding[chosen])

    def _through_the_layers(self, activations: Activations) -> Activations:
        for layer in self._layers:
            activations = np.tanh(activations @ layer)
        return activations


@cache
def load(name: str) -> LanguageModel:
    """Make the model of that name, once.

    Raises:
        KeyError: there is none.

    """
    return LanguageModel(SIZES[name])
