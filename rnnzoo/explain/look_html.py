"""Pages of images that are clear where a captioner looked."""

import base64

import tensorflow as tf

from rnnzoo.explain.page import escaped

STYLE = """
.rnnzoo .looks {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  gap: 1rem .75rem; margin-top: 1.5rem;
}
.rnnzoo .looks figure { margin: 0; break-inside: avoid; }
.rnnzoo .looks img { display: block; width: 100%; border-radius: .3rem; }
.rnnzoo .looks figcaption {
  font-size: .9375rem; line-height: 1.5; overflow-wrap: anywhere;
}
"""


def article(look):
    """The caption, and a tile for each word."""
    figures = "".join(
        f"<figure><figcaption>{word}</figcaption>"
        f'<img alt="" src="{_embedded(tile)}"></figure>\n'
        for word, tile in zip(
            ['<span class="note">the image</span>', *map(_word, look.tokens)],
            look.tiles(),
            strict=True,
        )
    )
    return (
        f'<article>\n<p class="text" dir="auto"><b>{escaped(look.caption)}</b>'
        f'</p>\n<div class="looks">\n{figures}</div></article>'
    )


def _word(token):
    return f'<span dir="auto">{escaped(token)}</span>'


def _embedded(tile):
    data = tf.io.encode_jpeg(tile, quality=88).numpy()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
