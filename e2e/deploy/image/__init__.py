"""Container images without Docker: a root file system of Debian packages in an archive."""
