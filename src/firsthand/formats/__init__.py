"""What several dataset formats share. A format itself is one file in `readers/`."""
