"""What `diagnose` rests on: one piece of evidence a file, and the table that reads them."""
