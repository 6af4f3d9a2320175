"""HTML pages: templates and their rendering."""
