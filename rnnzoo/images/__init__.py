"""Images as numbers, and encoders that map them to features."""
