"""The command line: one command a file, which parses, calls one verb, prints and exits."""
