"""The demo of gradients: how they vanish and explode, and what cures that.

`networks` says what is trained, `training` trains it and measures gradients
meanwhile, `chapters` compares, and `show` writes the page and the picture.
"""
