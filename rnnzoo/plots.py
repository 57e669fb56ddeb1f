"""Pictures: explanations of texts, and training curves."""

import warnings

INK, SOFT, SHADE, BAR = "#1d2530", "#66707e", "#d66014", "#2b6ca3"
WIDTH, MARGIN, BARS = 9.0, 0.35, 1.15  # inches
SIZE, LINE = 11, 0.27  # points, inches
MOST_LINES = 200


def _figure(**kwargs):
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Pictures need matplotlib. `pip install rnnzoo[plots]` brings it."
        ) from error
    return Figure(facecolor="white", **kwargs)


def save_explanations(explanations, path):
    """Draws texts with their words shaded and a bar for each sentence.

    Args:
        explanations: `rnnzoo.explanation.Explanation`s.
        path: Where to write a PNG.
    """
    figure = _figure(figsize=(WIDTH, 1))
    page = _Page(figure)
    for explanation in explanations:
        if page.line > MOST_LINES:
            page.write(f"... and more: {len(explanations)} texts in all", SOFT)
            break
        _draw(page, explanation)
    _save(figure, path, height=page.height())


def save_curves(history, path):
    """Draws each quantity over the epochs, training beside validation.

    Args:
        history: Dict of name to a list of values, as
            `keras.callbacks.History.history`.
        path: Where to write a PNG.
    """
    names = [name for name in history if f"val_{name}" in history]
    names = names or [name for name in history if not name.startswith("val_")]
    figure = _figure(figsize=(4 * len(names), 3), layout="constrained")
    for axes, name in zip(
        figure.subplots(1, len(names), squeeze=False)[0], names, strict=True
    ):
        epochs = range(1, len(history[name]) + 1)
        axes.plot(epochs, history[name], "o-", color=SOFT, label="training")
        if f"val_{name}" in history:
            values = history[f"val_{name}"]
            axes.plot(epochs, values, "o-", color=BAR, label="validation")
        axes.set_title(name.replace("_", " "), color=INK, loc="left")
        axes.set_xlabel("epoch", color=SOFT)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=SOFT)
        axes.legend(frameon=False, labelcolor=INK)
    _save(figure, path)


class _Page:
    """Text and boxes from the top of a figure down, in inches."""

    def __init__(self, figure):
        self.figure = figure
        self.renderer = figure.canvas.get_renderer()
        self.line = 0
        self.y = MARGIN
        self.items = []

    def height(self):
        return self.y + MARGIN

    def width_of(self, text, size=SIZE):
        width, _, _ = self.renderer.get_text_width_height_descent(
            text.replace("$", r"\$") or " ", self._font(size), ismath=False
        )
        return width / self.figure.dpi

    def _font(self, size):
        from matplotlib.font_manager import FontProperties

        return FontProperties(size=size)

    def text(self, x, text, color=INK, size=SIZE, **kwargs):
        # Placed by distance from the top: the height comes last.
        offset = self.y + LINE * 0.72
        self.items.append(offset)
        self.figure.text(
            x / WIDTH,
            -offset,
            text,
            color=color,
            size=size,
            parse_math=False,
            **kwargs,
        )

    def box(self, x, width, color, alpha, height=LINE * 0.86, down=0.0):
        from matplotlib.patches import Rectangle

        self.figure.add_artist(
            Rectangle(
                (x / WIDTH, -(self.y + down + height)),
                width / WIDTH,
                height,
                facecolor=color,
                alpha=alpha,
                linewidth=0,
            )
        )

    def write(self, text, color=INK, **kwargs):
        self.text(MARGIN, text, color, **kwargs)
        self.advance()

    def advance(self, lines=1.0):
        self.y += LINE * lines
        self.line += 1


def _draw(page, explanation):
    page.text(MARGIN, explanation.label, size=15, weight="bold")
    page.text(
        MARGIN + page.width_of(explanation.label, 15) * 1.12 + 0.12,
        f"{explanation.score:.1%}",
        SOFT,
        size=15,
    )
    page.advance(1.5)
    if not explanation.tokens:
        page.write(explanation.text.strip() or "(empty text)", SOFT)
    shades = explanation.shades()
    sentences = explanation.sentences
    if sentences is None:
        _draw_words(page, explanation, shades, 0, len(shades), MARGIN)
    else:
        strongest = max(explanation.sentence_weights, default=1.0)
        for (first, last), weight in zip(
            sentences, explanation.sentence_weights, strict=True
        ):
            if page.line > MOST_LINES:
                page.write("... the text goes on", SOFT)
                break
            width = (BARS - 0.55) * weight / strongest
            page.box(MARGIN, BARS - 0.55, SOFT, 0.12, LINE * 0.3, LINE * 0.33)
            page.box(MARGIN, width, BAR, 1.0, LINE * 0.3, LINE * 0.33)
            page.text(MARGIN + BARS - 0.48, f"{weight:.0%}", SOFT, size=8.5)
            _draw_words(page, explanation, shades, first, last, MARGIN + BARS)
            page.advance(0.2)
    page.advance(1.2)


def _draw_words(page, explanation, shades, first, last, left):
    text, spans = explanation.text, explanation.spans
    space, x = page.width_of("x x") - page.width_of("xx"), left
    for i in range(first, last):
        start, end = spans[i]
        apart = i > first and start > spans[i - 1][1]
        word = text[start:end]
        width = page.width_of(word)
        x += space if apart else 0
        if x > left and x + width > WIDTH - MARGIN:
            page.advance()
            x = left
        page.box(x, width, SHADE, 0.85 * shades[i])
        page.text(x, word)
        x += width
    page.advance()


def _save(figure, path, height=None):
    if height is not None:
        # Drawn at negative heights in inches; moved up and scaled to fit.
        width = figure.get_size_inches()[0]
        figure.set_size_inches(width, height)
        for text in figure.texts:
            text.set_y(1 + text.get_position()[1] / height)
        for box in figure.artists + figure.patches[1:]:
            box.set_y(1 + box.get_y() / height)
            box.set_height(box.get_height() / height)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(path, dpi=150, format="png")
