"""The page and the picture: chapters with maps of gradients and tables."""

import dataclasses

from rnnzoo.explain.items import Item, Items
from rnnzoo.gradients import maps, show_html


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Chapter(Item):
    """A title, paragraphs, maps and a table.

    Args:
        title: String.
        text: Strings, one for each paragraph.
        maps: List of `Map`.
        table: Rows of strings, the heads first.
    """

    title: str
    text: list
    maps: list = ()
    table: list = ()

    def _alone(self):
        return Chapters([self])


class Chapters(Items):
    """A list of chapters, to be saved and shown."""

    _title = "How gradients vanish and explode"
    _style = show_html.STYLE
    _kind = "chapters"

    def _article(self, place):
        return show_html.article(self[place])

    def _draw(self, sheet, place):
        from rnnzoo.gradients import show_plot  # matplotlib, an extra

        show_plot.draw(sheet, self[place])

    def _strings(self):
        yield from (maps.LEGEND, *maps.TICKS.values())
        for each in self:
            yield from (each.title, *each.text)
            yield from (each.title for each in each.maps)
            for row in each.table:
                yield from row
