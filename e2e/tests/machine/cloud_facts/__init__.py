"""A small program on the stand-in for AWS, for what the platform's own drills do not change."""
