"""Pages of maps of gradients."""

import base64

import numpy as np
import tensorflow as tf

from rnnzoo.explain.page import escaped
from rnnzoo.gradients.maps import (
    LEGEND,
    pixels,
    scale,
    ticks,
)

STYLE = """
.rnnzoo h2 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.3; }
.rnnzoo p.text + p.text { margin-top: .75rem; }
.rnnzoo .maps {
  display: grid; gap: 1.75rem 2.25rem; margin-top: 1.75rem;
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
}
.rnnzoo .maps figure { margin: 0; break-inside: avoid; }
.rnnzoo .maps figcaption { line-height: 1.4; margin-bottom: .25rem; }
.rnnzoo .map {
  display: grid; grid-template-columns: 3rem minmax(0, 1fr) 4.5rem;
  gap: .25rem .5rem; margin-bottom: .25rem;
}
.rnnzoo .maps img, .rnnzoo .maps svg {
  display: block; width: 100%; height: 7.5rem; background: none;
}
.rnnzoo .maps img, .rnnzoo .legend img { image-rendering: pixelated; }
.rnnzoo .maps img { outline: 1px solid var(--track); }
.rnnzoo .maps svg { background: var(--track); fill: var(--muted); }
.rnnzoo .axis {
  display: flex; justify-content: space-between;
  font-size: .6875rem; line-height: 1.2; color: var(--muted);
}
.rnnzoo .axis.down { flex-direction: column; text-align: end; }
.rnnzoo .axis.along { grid-column-start: 2; }
.rnnzoo .axis.beside { grid-column-start: 3; }
.rnnzoo .legend { width: 20rem; max-width: 100%; }
.rnnzoo .legend img { display: block; width: 100%; height: .7rem; }
.rnnzoo .legend .ticks {
  position: relative; height: 1rem; font-size: .6875rem; color: var(--muted);
}
.rnnzoo .legend .ticks span { position: absolute; translate: -50%; }
.rnnzoo .legend .ticks span:first-child { translate: 0; }
.rnnzoo .legend .ticks span:last-child { translate: -100%; }
@media (max-width: 36rem) {
  .rnnzoo .maps { grid-template-columns: minmax(0, 1fr); }
}
.rnnzoo .scroll { overflow-x: auto; margin-top: 1.5rem; }
.rnnzoo table.results { border-collapse: collapse; font-size: .875rem; }
.rnnzoo table.results :is(th, td) {
  padding: .35rem 1.5rem .35rem 0; text-align: start; vertical-align: top;
  border-bottom: 1px solid var(--track); font-weight: 400;
}
.rnnzoo table.results thead th { color: var(--muted); }
"""


def article(chapter):
    """A title, paragraphs, maps and a table."""
    text = "".join(f'<p class="text">{escaped(p)}</p>\n' for p in chapter.text)
    return (
        f"<article>\n<h2>{escaped(chapter.title)}</h2>\n{text}"
        f"{_maps(chapter.maps)}{_table(chapter.table)}</article>"
    )


def _maps(maps):
    if not maps:
        return ""
    figures = "".join(map(_figure, maps))
    return f'<div class="maps">\n{figures}</div>\n{_legend()}'


def _figure(each):
    moments, columns = each.ratios.shape
    bars = "".join(
        f'<rect y="{place}.1" width="{share:.4f}" height=".8">'
        f"<title>{escaped(moment)}</title></rect>"
        for place, (moment, share) in enumerate(each.rows)
    )
    return (
        f"<figure><figcaption><b>{escaped(each.title)}</b> "
        f'<span class="note">{escaped(each.verdict)}</span></figcaption>\n'
        '<div class="map">'
        f"{_axis('down', 0, 'updates', each.training.updates[-1])}"
        f'<img alt="{escaped(each.note)}" src="{_embedded(each.ratios)}">'
        f'<svg viewBox="0 0 1 {moments}" preserveAspectRatio="none">{bars}'
        f"</svg>\n{_axis('along', 1, each.axis, columns)}"
        f"{_axis('beside', 0, 'error', '1/6')}"
        f'</div><p class="note">{escaped(each.note)}</p></figure>\n'
    )


def _axis(way, *labels):
    spans = "".join(f"<span>{label}</span>" for label in labels)
    return f'<div class="axis {way}">{spans}</div>\n'


def _legend():
    labels = "".join(
        f'<span style="left:{100 * place:.1f}%">{label}</span>'
        for place, label in ticks()
    )
    return (
        f'<footer><div class="legend"><img alt="" src="{_embedded(scale(90))}">'
        f'<div class="ticks">{labels}</div>'
        f'<p class="note">{LEGEND}</p></div></footer>\n'
    )


def _embedded(ratios):
    data = tf.io.encode_png(pixels(np.atleast_2d(ratios))).numpy()
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _table(rows):
    if not rows:
        return ""
    heads, *body = rows
    heads = "".join(f'<th scope="col">{escaped(head)}</th>' for head in heads)
    lines = "".join(
        f'<tr><th scope="row">{escaped(name)}</th>'
        + "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
        + "</tr>\n"
        for name, *cells in body
    )
    return (
        '<div class="scroll"><table class="results">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{lines}</tbody></table>"
        "</div>\n"
    )
