"""One way a file to turn media into points."""
