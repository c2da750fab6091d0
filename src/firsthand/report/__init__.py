"""One audit as text, HTML, JSON, JUnit, Markdown or GitHub annotations."""
