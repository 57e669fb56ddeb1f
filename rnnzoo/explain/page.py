"""The frame of all pages: the document, its style, and text as HTML.

Pages need nothing but a browser: no script, no font, no request. The same
markup serves files and the cells of a notebook.
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
.rnnzoo .note {
  margin: 0; font-size: .8125rem; line-height: 1.5; color: var(--muted);
}
.rnnzoo .text {
  margin: 0; white-space: pre-wrap; overflow-wrap: anywhere;
}
.rnnzoo mark { color: inherit; }
.rnnzoo mark:hover { outline: 1px solid var(--muted); }
.rnnzoo footer {
  display: flex; flex-wrap: wrap; gap: .25rem 2rem; margin-top: 1.75rem;
}
@media (max-width: 36rem) { .rnnzoo article { padding: 1.5rem 1rem; } }
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
    """Some articles for the cell of a notebook."""
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
    """Text in HTML."""
    # A parser would replace these characters.
    return (
        escape(text).replace("\r", "&#13;").replace("\0", "\N{SYMBOL FOR NULL}")
    )
