"""One dataset format a file. Copy one to add another; it is listed, tested and documented."""
