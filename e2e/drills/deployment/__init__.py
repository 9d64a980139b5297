"""`pulumi preview`, `up`, `refresh` and `destroy`, whole and interrupted."""
