"""`make release` and the way back: releases that work and releases that fail."""
