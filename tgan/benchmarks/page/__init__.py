"""Page of a benchmark: its sections as HTML that opens from disk, and their tables as Markdown."""
