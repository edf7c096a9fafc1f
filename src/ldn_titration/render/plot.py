"""The plan as a picture: dose over time as SVG, through matplotlib (extra ``notebook``)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import groupby, pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from ldn_titration import sig
from ldn_titration.errors import MissingExtraError
from ldn_titration.markup import escape
from ldn_titration.plan import Plan
from ldn_titration.render.picture import (
    DOSES,
    FOOT_LINE,
    HEADROOM,
    LANE,
    LEFT,
    LINE,
    RIGHT,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Page,
    page_of,
)
from ldn_titration.render.timeline import Level, Timeline, timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Svg", "plot_doses", "require_matplotlib"]


class Svg(str):
    """The text of an SVG image, which a notebook shows as the image."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def plot_doses(plan: Plan) -> Svg:
    """The daily dose over time as SVG text: steps, drops' band, days without, dates to mark.

    Each step is a group with the exact dose and dates in its ``data-`` attributes, and its
    words as title; the whole is told in words in the image's description. No word of it is
    the patient's or the prescriber's. The same plan gives the same bytes, whatever
    matplotlib is set to. Raises MissingExtraError without matplotlib.
    """
    require_matplotlib()
    shown = timeline(plan)
    with _ALONE, _own_settings():
        return Svg(_accessible(*_drawn(shown)))


def require_matplotlib() -> Any:
    """The matplotlib module; raises MissingExtraError where it is not installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtraError("notebook", "a plot") from None
    return mpl


# matplotlib's settings belong to the whole process: two plots at once would mix them up.
_ALONE = Lock()
_NOT_OURS = {"backend", "backend_fallback", "interactive", "toolbar", "timezone", "date.epoch"}


def _own_settings() -> AbstractContextManager[None]:
    """The defaults of matplotlib and what is ours, for as long as it lasts."""
    import matplotlib as mpl

    ours: dict[str, Any] = {
        "svg.hashsalt": "ldn-titration",
        "svg.fonttype": "none",
        "path.simplify": False,
        "hatch.linewidth": 0.6,
    }
    for name, value in mpl.rcParamsDefault.items():
        if name not in _NOT_OURS:
            ours.setdefault(name, value)
    return mpl.rc_context(ours)  # type: ignore[arg-type]


_THIN = 4.0  # a turn of days on and off narrower than this is drawn as dashes

_DARK, _BLUE, _BAND = "#1a1a1a", "#0065a3", "#cfe4f4"
_GRID, _GAP, _STEM, _HATCH, _WATER = "#dedede", "#ececec", "#6b6b6b", "#cfa27c", "#d9d9d9"


# --- drawing --------------------------------------------------------------------------


def _drawn(shown: Timeline) -> tuple[str, Page]:
    from matplotlib.figure import Figure

    write, measure = _pen()
    page = page_of(shown, measure)
    figure = Figure(figsize=(WIDTH / 72, page.height / 72), dpi=72, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, page.height))
    axes.set_axis_off()
    _draw_days_without(axes, page)
    _draw_axes(axes, page, write)
    _draw_levels(axes, page)
    _draw_doses(axes, page, write, measure)
    _draw_marks(axes, page, write)
    _draw_words(axes, page, write)
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, **_NO_MORE})
    return out.getvalue(), page


_NO_MORE = {"Format": None, "Type": None}


def _pen() -> tuple[Callable[..., Any], Callable[[str, float], float]]:
    """What writes a text, and what measures one, both in the font that matplotlib brings."""
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    ruler = TextToPath()

    def font(size: float, weight: str = "normal") -> FontProperties:
        return FontProperties(fname=path, family="DejaVu Sans", size=size, weight=weight)

    def write(axes: Axes, x: float, y: float, text: str, size: float, **more: Any) -> Any:
        properties = font(size, more.pop("weight", "normal"))
        style = {"color": _DARK, "zorder": 9, "va": "baseline", "rotation_mode": "anchor", **more}
        return axes.text(x, y, text, fontproperties=properties, parse_math=False, **style)

    def measure(text: str, size: float) -> float:
        return float(ruler.get_text_width_height_descent(text, font(size), ismath=False)[0])

    return write, measure


def _box(axes: Axes, left: float, right: float, low: float, high: float, **style: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, low), right - left, high - low, clip_on=False, **style))


def _line(axes: Axes, xs: Iterable[float], ys: Iterable[float], **style: Any) -> None:
    plain: dict[str, Any] = {
        "clip_on": False,
        "scalex": False,
        "scaley": False,
        "solid_capstyle": "butt",
    }
    axes.plot(list(xs), list(ys), **plain, **style)


def _draw_days_without(axes: Axes, page: Page) -> None:
    """Grey where nothing is taken, hatched where nothing may be."""
    for first, last in page.shown.gaps:
        ends = page.x(first), page.x(last.toordinal() + 1)
        _box(axes, *ends, page.ground, page.roof, fc=_GAP, ec=_GAP, lw=0.5, zorder=1)
    for number, span in enumerate(page.shown.spans):
        first = max(span.first, page.shown.first)
        ends = page.x(first), page.x(span.last.toordinal() + 1)
        style: dict[str, Any] = {
            "fc": "none",
            "ec": _HATCH,
            "hatch": "////",
            "lw": 0.6,
            "zorder": 1.5,
        }
        _box(axes, *ends, page.ground, page.roof, gid=f"span-{number}", **style)


def _draw_axes(axes: Axes, page: Page, write: Callable[..., Any]) -> None:
    for number, (mark, label) in enumerate(page.axis.marks):
        y = page.height_of(float(mark))
        style = {"color": _DARK if not mark else _GRID, "lw": 0.8 if not mark else 0.6}
        _line(axes, (LEFT, RIGHT), (y, y), zorder=2, gid=f"dose-mark-{number}", **style)
        write(axes, LEFT - 6, y - 3, label, TEXT, ha="right")
    write(
        axes, 14, page.ground + DOSES / 2, f"{page.axis.unit} a day", TEXT, ha="center",
        rotation=90,
    )  # fmt: skip
    for number, tick in enumerate(page.ticks):
        x = page.x(page.shown.first.toordinal() + tick.at)
        ends = page.ground, page.ground - 4
        _line(axes, (x, x), ends, color=_DARK, lw=0.8, zorder=2, gid=f"date-mark-{number}")
        for line, text in enumerate(tick.label.split("\n")):
            write(axes, x, page.ground - 15 - 10 * line, text, TEXT, ha="center")


def _draw_levels(axes: Axes, page: Page) -> None:
    look: dict[str, Any] = {"color": _BLUE, "lw": 2.2}
    for number, level in enumerate(page.shown.levels):
        for first, last in level.runs if level.low and level.high else ():
            ends = page.x(first), page.x(last.toordinal() + 1)
            low, high = page.y(level.low or level.dose), page.y(level.high or level.dose)
            _box(axes, *ends, low, high, fc=_BAND, ec="none", lw=0, zorder=3, gid=f"band-{number}")
        xs, style = _course(page, level)
        height = page.y(level.dose)
        ys = [height] * len(xs)
        _line(axes, xs, ys, zorder=6, gid=f"level-{number}", **look, **style)
    for before, after in pairwise(page.shown.levels):
        if before.step.last.toordinal() + 1 == after.step.first.toordinal():
            x = page.x(after.step.first)
            ends = page.y(before.dose), page.y(after.dose)
            _line(axes, (x, x), ends, color=_BLUE, lw=0.8, zorder=5)


def _course(page: Page, level: Level) -> tuple[list[float], dict[str, Any]]:
    """The line of a step from left to right, broken on its days off, or dashed where too fine."""
    cycle = level.step.cycle
    if cycle is not None and page.x(page.shown.first.toordinal() + cycle.days) - LEFT < _THIN:
        ends = [page.x(level.runs[0][0]), page.x(level.runs[-1][1].toordinal() + 1)]
        return ends, {"linestyle": (0, (1.6, 1.2))}
    runs = [(page.x(first), page.x(last.toordinal() + 1)) for first, last in level.runs]
    return [x for run in runs for x in (*run, float("nan"))][:-1], {}


def _draw_doses(
    axes: Axes, page: Page, write: Callable[..., Any], measure: Callable[[str, float], float]
) -> None:
    """The dose above its line, where there is room for it."""
    stems = [page.x(mark.on) for mark, _ in page.labels]
    for _, same in groupby(page.shown.levels, key=lambda level: (level.dose, level.step.cycle)):
        levels = list(same)
        level, first = levels[0], page.x(levels[0].step.first)
        last = page.x(levels[-1].step.last.toordinal() + 1)
        for text in _dose_words(level):
            begin = _room(measure(text, SMALL), first, last, stems)
            if begin is not None:
                above = page.y(level.high or level.dose) + 4
                write(axes, begin, above, text, SMALL, zorder=8)
                break


def _dose_words(level: Level) -> Iterator[str]:
    """The dose of a level, at first with all that there may be room for."""
    dose, doses, on_days = sig.about(level.dose), len(level.step.doses), level.step.cycle
    if doses > 1 or on_days:
        parts = f" in {doses} doses" if doses > 1 else ""
        yield f"{dose}{parts}{f', {on_days}' if on_days else ''}"
    yield dose


def _room(width: float, first: float, last: float, stems: list[float]) -> float | None:
    """Where a text begins that fits between two places, clear of the stems if it can be."""
    inside = sorted(stem for stem in stems if first <= stem < last)
    begins = [at + 2 for at in (first, *inside) if at + 2 + width <= last]
    clear = (
        begin for begin in begins if not any(begin - 1 < stem < begin + width for stem in inside)
    )
    return next(clear, begins[0] if begins else None)


def _draw_marks(axes: Axes, page: Page, write: Callable[..., Any]) -> None:
    for mark, lane in page.labels:
        x, foot = page.x(mark.on), page.roof + HEADROOM + LANE * lane.row
        dashes = (0, (4, 2)) if mark.told else (0, (1, 2))
        look = {"color": _STEM, "lw": 0.8, "linestyle": dashes, "zorder": 4}
        _line(axes, (x, x), (page.ground, foot + LANE - 4), **look)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        begin = lane.begin + 3 if lane.begin + 0.01 >= x else lane.begin
        write(axes, begin, foot, mark.words, SMALL, bbox=box)
    for mark in page.bare:
        x = page.x(mark.on)
        _line(axes, (x, x), (page.roof, page.roof + 5), color=_STEM, lw=0.8, zorder=4)


def _draw_words(axes: Axes, page: Page, write: Callable[..., Any]) -> None:
    if page.shown.is_draft:
        middle = (LEFT + RIGHT) / 2, page.ground + DOSES / 2 - 32
        write(
            axes, *middle, "DRAFT", 92, weight="bold", color=_WATER, ha="center", zorder=1.2
        )  # fmt: skip
    write(axes, 16, page.height - 20, page.shown.title, TITLE, weight="bold")
    for number, line in enumerate(page.head):
        write(axes, 16, page.height - 36 - LINE * number, line, TEXT)
    for number, line in enumerate(reversed(page.foot)):
        write(axes, 16, 10 + FOOT_LINE * number, line, SMALL)


# --- for those who cannot see it, and for programs ------------------------------------

_GROUP = re.compile(r'<g id="(?:(level|band|span|dose-mark|date-mark)-(\d+)|[^"]*)">')
_STYLE = re.compile(r"\s*<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # it styles any page
_ROOT = 'role="img" stroke-linejoin="round" style="max-width: 100%; height: auto"'


def _accessible(svg: str, page: Page) -> str:
    """The SVG without prologue and identifiers, with a role, a title and a description."""
    body = _STYLE.sub("", svg[svg.index("<svg ") :], count=1)
    body = _GROUP.sub(lambda match: _group(match[1] or "", int(match[2] or 0), page), body)
    head, _, rest = body.partition(">")
    shown = page.shown
    told = f"<title>{escape(shown.title)}</title><desc>{escape(_description(shown))}</desc>"
    rest = rest.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
    return f"{head} {_ROOT}>{told}{rest}"


def _group(name: str, number: int, page: Page) -> str:
    """What opens a group: of a step, a band, a span or a mark of an axis with its data."""
    if name not in _TOLD:
        return "<g>"
    data = "".join(f' data-{key}="{value}"' for key, value in _TOLD[name](page, number).items())
    words = page.shown.levels[number].words if name == "level" else ""
    return f'<g class="{name}"{data}>{words and f"<title>{escape(words)}</title>"}'


def _level_data(page: Page, number: int) -> dict[str, object]:
    level = page.shown.levels[number]
    step = level.step
    data = {"step": step.step, "dose": level.dose, "from": step.first, "to": step.last}
    return {**data, "days": step.cycle} if step.cycle else data


def _span_data(page: Page, number: int) -> dict[str, object]:
    span = page.shown.spans[number]
    return {"from": span.first, "to": span.last}


_TOLD: dict[str, Callable[[Page, int], dict[str, object]]] = {
    "level": _level_data,
    "band": lambda page, number: {"step": page.shown.levels[number].step.step},
    "span": _span_data,
    "dose-mark": lambda page, number: {"dose": f"{page.axis.marks[number][1]} {page.axis.unit}"},
    "date-mark": lambda page, number: {"date": page.shown.first + timedelta(page.ticks[number].at)},
}


def _description(shown: Timeline) -> str:
    marks = [mark.words for mark in shown.marks] + [span.words for span in shown.spans]
    lines = [shown.summary, *(f"{level.words}." for level in shown.levels)]
    lines += [f"Marked: {'; '.join(marks)}."] if marks else []
    return " ".join([*lines, *shown.notes])
