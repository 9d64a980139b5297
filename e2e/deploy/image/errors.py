class ImageError(Exception):
    """The image cannot be built; one sentence, with the last lines of what failed."""
