"""One question a file. Copy one to add another; it is listed, tested, documented and audited."""
