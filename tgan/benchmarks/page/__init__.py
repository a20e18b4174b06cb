"""The page of a benchmark: tables, plots and clips in one HTML file."""
