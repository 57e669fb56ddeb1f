"""What all pages have: the document, its style, and text in HTML.

They need nothing but a browser: no script, no font, no request. The same
markup serves a file and a notebook's cell.
"""

from html import escape

from rnnzoo.explain.drawing import DARK, LIGHT

_STYLE = """
.rnnzoo {
  %(light)s
  background: var(--paper); color: var(--ink);
  font: 1rem/1.65 system-ui, -apple-system, "Segoe UI", Roboto,
    "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  text-align: start;
}
@media screen and (prefers-color-scheme: dark) { .rnnzoo { %(dark)s } }
body.rnnzoo { margin: 0; }
.rnnzoo article {
  max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.5rem;
}
.rnnzoo article + article { border-top: 1px solid var(--track); }
.rnnzoo header {
  display: flex; flex-wrap: wrap; gap: 1rem 3rem;
  align-items: center; justify-content: space-between;
  margin-bottom: 2rem;
}
.rnnzoo h2 {
  margin: 0; font-size: 1.75rem; line-height: 1.25; font-weight: 650;
  letter-spacing: -.01em; overflow-wrap: anywhere;
}
.rnnzoo h2 small { font-size: 1.125rem; font-weight: 400; }
.rnnzoo .note, .rnnzoo h2 small, .rnnzoo .number { color: var(--muted); }
.rnnzoo .note { margin: 0; font-size: .8125rem; line-height: 1.5; }
.rnnzoo .number {
  font-size: .8125rem; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums;
}
.rnnzoo .bar {
  height: .5rem; border-radius: .25rem; background: var(--track);
  overflow: hidden;
}
.rnnzoo .bar i {
  display: block; height: 100%%; width: calc(var(--share) * 100%%);
  min-width: 1px; border-radius: inherit; background: var(--sentence);
}
.rnnzoo .classes {
  display: grid; grid-template-columns: minmax(0, auto) 9rem 3.25rem;
  gap: .25rem .75rem; align-items: center; margin: 0; padding: 0;
  font-size: .875rem; line-height: 1.5;
}
.rnnzoo .classes i { background: var(--muted); opacity: .55; }
.rnnzoo .classes .predicted { font-weight: 650; }
.rnnzoo .classes .predicted + .bar i { background: var(--ink); opacity: 1; }
.rnnzoo .classes .name { overflow-wrap: anywhere; text-align: end; }
.rnnzoo .classes .note { grid-column: 1 / -1; text-align: end; }
.rnnzoo .row { margin: 0 0 .5rem; }
.rnnzoo .sentences .row {
  display: grid; grid-template-columns: 2.125rem 4rem minmax(0, 1fr);
  column-gap: .75rem; break-inside: avoid;
}
.rnnzoo .sentences .number { line-height: 1; margin-top: .425rem; }
.rnnzoo .sentences .bar { margin-top: .575rem; }
.rnnzoo .sentences .text, .rnnzoo .sentences p.note {
  grid-column: 3; padding-left: .5rem;
}
.rnnzoo .text {
  margin: 0; white-space: pre-wrap; overflow-wrap: anywhere;
}
.rnnzoo .row.unread {
  color: var(--muted); margin-top: 1.25rem; row-gap: .25rem;
}
.rnnzoo mark {
  color: inherit; border-radius: .2em; padding-block: .12em;
  background: rgb(var(--word) / calc(var(--shade) * var(--s, 0)));
}
.rnnzoo mark:hover { outline: 1px solid var(--muted); }
.rnnzoo .break {
  display: block; height: .5em; overflow: hidden; visibility: hidden;
}
.rnnzoo .break:first-child { height: 0; }
.rnnzoo footer {
  display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin-top: 1.75rem;
}
.rnnzoo .scale {
  display: inline-block; width: 4rem; height: .7em; border-radius: .2em;
  margin-inline-end: .5em;
  background: linear-gradient(to right, rgb(var(--word) / 0),
    rgb(var(--word) / var(--shade)));
}
.rnnzoo .scale.blue { background: var(--sentence); width: 1.5rem; }
@media (max-width: 36rem) {
  .rnnzoo article { padding: 1.5rem 1rem; }
  .rnnzoo .sentences .row {
    grid-template-columns: 2.25rem minmax(0, 1fr); column-gap: .5rem;
    grid-template-rows: auto 1fr;
  }
  .rnnzoo .sentences .bar { grid-row: 2; margin-top: .3rem; }
  .rnnzoo .sentences p.note { grid-column: 2; padding-left: .25rem; }
  .rnnzoo .sentences .text { grid-column: 2; padding-left: .25rem; }
  .rnnzoo .sentences .row:not(.unread) .text { grid-row: 1 / span 2; }
  .rnnzoo .classes { grid-template-columns: minmax(0, auto) 7rem 3.25rem; }
}
@media print {
  .rnnzoo { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .rnnzoo article { max-width: none; padding: 0; }
  .rnnzoo article + article { break-before: page; border: 0; }
}
"""

_PAGE = """<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="rnnzoo">
{body}
</body>
</html>
"""


def document(title, body, style=""):
    """A whole page around some articles, in UTF-8."""
    text = _PAGE.format(title=escaped(title), style=_style() + style, body=body)
    return text.encode("utf-8", "xmlcharrefreplace")


def embedded(body, style=""):
    """Some articles for a notebook's cell."""
    return f'<style>{_style()}{style}</style><div class="rnnzoo">{body}</div>'


def _style():
    return _STYLE % {"light": _variables(LIGHT), "dark": _variables(DARK)}


def _variables(palette):
    def value(name):
        if name != "word":
            return palette[name]
        channels = bytes.fromhex(palette[name][1:])  # for rgb(... / opacity)
        return " ".join(map(str, channels))

    return " ".join(f"--{name}: {value(name)};" for name in palette)


def escaped(text):
    """Text as it stands in HTML."""
    # A parser would turn these into something else.
    return (
        escape(text).replace("\r", "&#13;").replace("\0", "\N{SYMBOL FOR NULL}")
    )
