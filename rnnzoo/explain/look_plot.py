"""Pictures of images that are clear where a captioner looked."""

from rnnzoo.explain.sheet import LEFT, RIGHT

TILES, TILE_GAP = 5, 10  # tiles in a row, and points between them


def draw(sheet, look):
    """The caption, and a grid of tiles with a word above each."""
    sheet.paragraph(look.caption)
    width = (RIGHT - LEFT - (TILES - 1) * TILE_GAP) / TILES
    height = width * look.image.shape[0] / look.image.shape[1]
    words = [("the image", "muted"), *((token, "ink") for token in look.tokens)]
    tiles = list(zip(words, look.tiles(), strict=True))
    for first in range(0, len(tiles), TILES):
        sheet.top += 18
        sheet.lines += 1
        row = tiles[first : first + TILES]
        for column, ((word, color), tile) in enumerate(row):
            x = LEFT + column * (width + TILE_GAP)
            word = sheet.small.shorten(word, width)
            sheet.text(x, sheet.top, word, sheet.small, color)
            sheet.picture(x, sheet.top + 5, width, height, tile)
        sheet.top += height + 5
