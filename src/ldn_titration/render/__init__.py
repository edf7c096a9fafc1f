"""A plan for people: text for the terminal, an HTML page, a PDF."""
