"""Pages for a browser: one way to make them (``making``), one look (``look``), one way to draw."""
