"""The command line: one command a file; it parses, calls one verb, prints and sets the exit code."""
