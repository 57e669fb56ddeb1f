"""Images with their captions, clear where a word was seen, as a picture."""

from rnnzoo.explain.sheet import LEFT, RIGHT

TILES, TILE_GAP = 5, 10  # in a row, and between them


def draw(sheet, look):
    """The caption, and a grid of tiles with a word above each."""
    sheet.paragraph(look.caption)
    width = (RIGHT - LEFT - (TILES - 1) * TILE_GAP) / TILES
    height = width * look.image.shape[0] / look.image.shape[1]
    tiles = look.tiles()
    for place, tile in enumerate(tiles):
        x = LEFT + place % TILES * (width + TILE_GAP)
        if place % TILES == 0:
            sheet.top += 18
            sheet.lines += 1
        word, color = "the image", "muted"
        if place:
            word, color = look.tokens[place - 1], "ink"
        word = sheet.small.shorten(word, width)
        sheet.text(x, sheet.top, word, sheet.small, color)
        sheet.picture(x, sheet.top + 5, width, height, tile)
        if place % TILES == TILES - 1 or place == len(tiles) - 1:
            sheet.top += height + 5
