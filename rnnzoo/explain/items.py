"""The parent classes of all that is saved as a page or a picture."""

from pathlib import Path

from rnnzoo.explain.page import document, embedded
from rnnzoo.files import atomic_path


class Item:
    """One entry of an `Items` list.

    A subclass defines `_alone`. A notebook displays an item as a page.
    """

    def save(self, path):
        """Writes a page or a picture.

        Args:
            path: Name that ends with `.html`, for a page that needs only a
                browser and shows exact numbers under the pointer; or with
                `.png`, for a picture, which needs matplotlib (`pip install
                rnnzoo[plots]`).
        """
        self._alone().save(path)

    def _alone(self):
        """A list of the right class with only this item."""
        raise NotImplementedError

    def _repr_html_(self):
        return self._alone()._repr_html_()


class Items(list):
    """A list of items of one kind, to be saved and shown.

    A subclass defines the title of the page, the style that its page needs
    besides the common one, a name for its items, and the methods below that
    raise `NotImplementedError`.
    """

    _title = "What the model looked at"
    _style = ""
    _kind = "texts"

    def _article(self, place):
        """HTML of the item at that place."""
        raise NotImplementedError

    def _draw(self, sheet, place):
        """Draws the item at that place on a `rnnzoo.explain.sheet.Sheet`."""
        raise NotImplementedError

    def _strings(self):
        """All strings that a picture may have to write."""
        raise NotImplementedError

    def save(self, path):
        """Writes one page or picture of all items; see `Item.save`.

        Args:
            path: Name that ends with `.html` or `.png`.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".html":
            page = document(self._title, self._articles(), self._style)
            with atomic_path(path) as temporary:
                temporary.write_bytes(page)
        elif suffix == ".png":
            from rnnzoo.explain.sheet import save_sheet  # matplotlib, an extra

            save_sheet(path, len(self), self._draw, self._strings(), self._kind)
        else:
            raise ValueError(
                "Invalid value for argument `path`. Expected a name that ends "
                f"with '.html' or '.png'. Received: path={str(path)!r}"
            )

    def __getitem__(self, place):
        item = super().__getitem__(place)
        return type(self)(item) if isinstance(place, slice) else item

    def _repr_html_(self):
        return embedded(self._articles(), self._style)

    def __repr__(self):
        return "\n".join(map(repr, self))

    def _articles(self):
        if not self:
            return f'<article><p class="note">No {self._kind}.</p></article>'
        return "\n".join(map(self._article, range(len(self))))
