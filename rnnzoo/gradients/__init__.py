"""The demo of gradients: how they vanish and explode, and what cures that.

`networks` says what is trained, `training` trains it and measures gradients
meanwhile, `chapters` compares, and `show` writes the page and the picture.
"""

import time
from pathlib import Path

from rnnzoo.files import require_writable

UPDATES = 1000


def demo(out="rnnzoo_demo", updates=UPDATES):
    """Trains small networks, and shows how gradients vanish and explode.

    Args:
        out: Directory to write to.
        updates: Number of updates of each network; 20 moments of it are shown.
    """
    start = time.perf_counter()
    out = Path(out)
    require_writable(out)
    from rnnzoo.gradients.chapters import chapters

    found = chapters(updates)
    found.save(out / "gradients.html")
    try:
        found.save(out / "gradients.png")
    except ImportError as error:
        print(error)
    print(time.perf_counter() - start)
