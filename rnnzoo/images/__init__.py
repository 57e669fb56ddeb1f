"""Images as numbers, and the encoders that read them."""
