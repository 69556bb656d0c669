"""Interactive figures that need no kernel and no network: frames behind a slider.

The HTML is self-contained. Where scripts do not run, the starting frame remains.
"""

import base64
import hashlib
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_MILLISECONDS = 3_600_000
MOST_FRAMES = 1000

PAGE = Template("""\
<div class="msr-slideshow" id="$id" role="group" aria-label="$title">
<style>
#$id { max-width: ${width}px; margin: 0 auto; font: inherit; }
#$id img { display: block; width: 100%; height: auto; background: white; }
#$id .controls { display: flex; flex-wrap: wrap; gap: 0 0.75em; align-items: center;
  padding: 0.4em 0; }
#$id input { flex: 1; min-width: 6em; height: 1.75em; }
#$id button { min-width: 4.5em; padding: 0.25em 0.5em; font: inherit; cursor: pointer;
  color: inherit; background: transparent; border: 1px solid currentColor;
  border-radius: 4px; }
#$id output { min-width: min(${label_width}ch, 100%); }
#$id .live { font-size: 0.85em; margin: 0; }
</style>
<img src="$source" alt="$alt">
<div class="controls">
<button type="button" aria-label="Play: $title">Play</button>
<input type="range" min="0" max="$last" value="$start" step="1" aria-label="$title"
 aria-valuetext="$label">
<output>$label</output>
</div>
$note\
<script>
(function () {
  const root = document.getElementById("$id");
  const sources = $sources, labels = $labels, alts = $alts;
  const image = root.querySelector("img"), slider = root.querySelector("input");
  const button = root.querySelector("button"), output = root.querySelector("output");
  let timer = null;
  function show(i) {
    image.src = "data:image/png;base64," + sources[i];
    image.alt = alts[i];
    slider.value = i;
    slider.setAttribute("aria-valuetext", labels[i]);
    output.textContent = labels[i];
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    button.setAttribute("aria-label", "Play: " + slider.getAttribute("aria-label"));
  }
  slider.addEventListener("input", function () { stop(); show(Number(slider.value)); });
  button.addEventListener("click", function () {
    if (timer !== null) { stop(); return; }
    if (Number(slider.value) === labels.length - 1) show(0);
    button.textContent = "Pause";
    button.setAttribute("aria-label", "Pause: " + slider.getAttribute("aria-label"));
    timer = setInterval(function () {
      show(Number(slider.value) + 1);
      if (Number(slider.value) === labels.length - 1) stop();
    }, $interval);
  });
})();
</script>
</div>
""")


@dataclass(frozen=True, repr=False)
class Slideshow:
    """Rendered frames with a slider and a play button; notebooks display it as HTML.

    Attributes:
        title: what the slider changes, for screen readers.
        labels: one a frame, shown beside the slider.
        alts: one a frame, the image's alternative text.
        frames: PNG files.
        width: in CSS pixels.
        start: the frame shown first.
        interval: milliseconds a frame while playing.
        note: a line below the controls.
    """

    title: str
    labels: Sequence[str]
    alts: Sequence[str]
    frames: Sequence[bytes]
    width: int
    start: int = 0
    interval: int = 700
    note: str = ""

    def __post_init__(self) -> None:
        counts = len(self.labels), len(self.alts), len(self.frames)
        if len(set(counts)) > 1 or not self.frames:
            raise ValueError(
                f"expected one label and one alternative text per frame, got "
                f"{counts[0]} labels, {counts[1]} texts and {counts[2]} frames"
            )
        if not 0 <= self.start < len(self.frames):
            raise ValueError(
                f"expected start among {len(self.frames)} frames, got {self.start}"
            )

    def __repr__(self) -> str:
        return f"Slideshow({self.title!r}, {len(self.frames)} frames)"

    def _repr_html_(self) -> str:
        sources = [base64.b64encode(frame).decode() for frame in self.frames]
        digest = hashlib.sha256(
            "".join([self.title, str(self.start), *sources]).encode()
        ).hexdigest()
        return PAGE.substitute(
            id=f"msr-slideshow-{digest[:12]}",
            title=html.escape(self.title),
            width=self.width,
            label_width=max(map(len, self.labels)),
            source=f"data:image/png;base64,{sources[self.start]}",
            alt=html.escape(self.alts[self.start]),
            label=html.escape(self.labels[self.start]),
            start=self.start,
            last=len(self.frames) - 1,
            interval=self.interval,
            note=f'<p class="live">{html.escape(self.note)}</p>\n' if self.note else "",
            sources=_script_json(sources),
            labels=_script_json(self.labels),
            alts=_script_json(self.alts),
        )


def _script_json(values: Sequence[str]) -> str:
    """JSON that cannot close the script element that it stands in."""
    return json.dumps(list(values)).replace("<", "\\u003c")


def png_and_width(figure: "Figure", dpi: int = 120) -> tuple[bytes, int]:
    """A figure as a PNG of 128 colours and its width in CSS pixels; closes the figure."""
    from matplotlib import pyplot as plt
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=dpi, format="png")
    width = round(float(figure.get_figwidth()) * 100)
    plt.close(figure)
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    return small.getvalue(), width
