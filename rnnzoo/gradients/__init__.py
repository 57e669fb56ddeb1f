"""The demo of gradients: how they vanish and explode, and what cures that.

`networks` says what is trained, `training` trains it and measures gradients
meanwhile, `experiments` runs them all, and `chapters` says what they show, as
a page and a picture.
"""
