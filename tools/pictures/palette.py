"""Colours: Grafana's names for them, dark and light, and its two themes."""

from __future__ import annotations

from dataclasses import dataclass

_SHADES = ("super-light-", "light-", "", "semi-dark-", "dark-")
_DARK = {
    "red": ("#FFA6B0", "#FF7383", "#F2495C", "#E02F44", "#C4162A"),
    "orange": ("#FFCB7D", "#FFB357", "#FF9830", "#FF780A", "#FA6400"),
    "yellow": ("#FFF899", "#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400"),
    "green": ("#C8F2C2", "#96D98D", "#73BF69", "#56A64B", "#37872D"),
    "blue": ("#C0D8FF", "#8AB8FF", "#5794F2", "#3274D9", "#1F60C4"),
    "purple": ("#DEB6F2", "#CA95E5", "#B877D9", "#A352CC", "#8F3BB8"),
}
_LIGHT = {
    "red": ("#FF7383", "#F2495C", "#E02F44", "#C4162A", "#AD0317"),
    "orange": ("#FFB357", "#FF9830", "#FF780A", "#FA6400", "#E55400"),
    "yellow": ("#FFEE52", "#FADE2A", "#F2CC0C", "#E0B400", "#CC9D00"),
    "green": ("#96D98D", "#73BF69", "#56A64B", "#37872D", "#19730E"),
    "blue": ("#8AB8FF", "#5794F2", "#3274D9", "#1F60C4", "#1250B0"),
    "purple": ("#CA95E5", "#B877D9", "#A352CC", "#8F3BB8", "#7C2EA3"),
}
_HUES = ("green", "yellow", "blue", "orange", "red", "purple")
CLASSIC = (
    *_HUES,
    *(f"dark-{hue}" for hue in _HUES),
    *(f"super-light-{hue}" for hue in _HUES),
    *("#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477", "#B7DBAB", "#F4D598", "#70DBED", "#F9BA8F"),
)
"""What series take in turn."""
SCHEMES = {
    "continuous-GrYlRd": ("green", "yellow", "red"),
    "continuous-RdYlGr": ("red", "yellow", "green"),
    "continuous-BlYlRd": ("dark-blue", "super-light-yellow", "dark-red"),
    "continuous-YlRd": ("super-light-yellow", "dark-red"),
    "continuous-BlPu": ("blue", "purple"),
    "continuous-YlBl": ("super-light-yellow", "dark-blue"),
    "continuous-blues": ("panel", "dark-blue"),
    "continuous-reds": ("panel", "dark-red"),
    "continuous-greens": ("panel", "dark-green"),
    "continuous-purples": ("panel", "dark-purple"),
}
HEAT_SCHEMES = {
    "Oranges": ("#FFF5EB", "#FDAE6B", "#F16913", "#7F2704"),
    "Blues": ("#F7FBFF", "#9ECAE1", "#4292C6", "#08306B"),
    "Greens": ("#F7FCF5", "#A1D99B", "#41AB5D", "#00441B"),
    "Reds": ("#FFF5F0", "#FC9272", "#EF3B2C", "#67000D"),
    "Purples": ("#FCFBFD", "#BCBDDC", "#807DBA", "#3F007D"),
    "Spectral": ("#9E0142", "#FDAE61", "#FFFFBF", "#66C2A5", "#5E4FA2"),
    "RdYlGn": ("#A50026", "#FDAE61", "#FFFFBF", "#66BD63", "#006837"),
    "Turbo": ("#30123B", "#28BBEC", "#A2FC3C", "#FB8022", "#7A0403"),
    "Viridis": ("#440154", "#31688E", "#35B779", "#FDE725"),
    "Magma": ("#000004", "#721F81", "#F1605D", "#FCFDBF"),
    "Inferno": ("#000004", "#781C6D", "#ED6925", "#FCFFA4"),
    "Plasma": ("#0D0887", "#9C179E", "#ED7953", "#F0F921"),
}
"""The light end of the first five is the rare one in the light theme; in the dark one they are turned round."""
_ONE_HUE = frozenset({"Oranges", "Blues", "Greens", "Reds", "Purples"})


@dataclass(frozen=True)
class Theme:
    """What a page's parts are coloured with."""

    name: str
    canvas: str
    panel: str
    border: str
    text: str
    secondary: str
    link: str
    grid: str
    input: str

    def color(self, name: str) -> str:
        """Return a colour that a dashboard names: ``dark-red``, ``#F2495C``, ``rgb(…)``, ``text``."""
        special = {"text": self.text, "transparent": "transparent", "panel": self.panel, "panel-bg": self.panel}
        if name in special:
            return special[name]
        shade = next((shade for shade in _SHADES if shade and name.startswith(shade)), "")
        hues = _DARK if self.name == "dark" else _LIGHT
        hue = hues.get(name.removeprefix(shade))
        return hue[_SHADES.index(shade)] if hue else name

    def series(self, position: int) -> str:
        """Return the colour of the so-manieth series."""
        return self.color(CLASSIC[position % len(CLASSIC)])

    def scheme(self, name: str, share: float) -> str:
        """Return a colour of a continuous scheme: 0 is its beginning, 1 its end."""
        stops = [self.color(stop) for stop in SCHEMES.get(name, SCHEMES["continuous-GrYlRd"])]
        return between(stops, share)

    def heat(self, name: str, share: float, *, reverse: bool = False) -> str:
        """Return a colour of a heatmap's scheme: 0 is the rarest."""
        stops = list(HEAT_SCHEMES.get(name, HEAT_SCHEMES["Oranges"]))
        if (name in _ONE_HUE and self.name == "dark") != reverse:
            stops.reverse()
        return between(stops, share)


DARK = Theme(
    name="dark",
    canvas="#111217",
    panel="#181B1F",
    border="rgba(204,204,220,0.12)",
    text="#CCCCDC",
    secondary="rgba(204,204,220,0.65)",
    link="#6E9FFF",
    grid="rgba(204,204,220,0.09)",
    input="#111217",
)
LIGHT = Theme(
    name="light",
    canvas="#F4F5F5",
    panel="#FFFFFF",
    border="rgba(36,41,46,0.12)",
    text="#24292E",
    secondary="rgba(36,41,46,0.75)",
    link="#1F62E0",
    grid="rgba(36,41,46,0.08)",
    input="#FFFFFF",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


def between(stops: list[str], share: float) -> str:
    """Return the colour at `share` of the way along the stops, each ``#RRGGBB``."""
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    one, two = _channels(stops[low]), _channels(stops[low + 1])
    mixed = (round(a + (b - a) * (place - low)) for a, b in zip(one, two, strict=True))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def is_light(color: str) -> bool:
    """Say whether black is easier to read on it than white."""
    if not color.startswith("#"):
        return False
    red, green, blue = _channels(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue > 150  # noqa: PLR2004 (the usual border of perceived brightness)


def _channels(color: str) -> tuple[int, int, int]:
    digits = color.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits  # noqa: PLR2004 (#RGB)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
