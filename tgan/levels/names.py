"""Names of the files of a search, known without torch."""

SHEET, RESULTS, LATENTS = "sheet.png", "results.json", "latents.npy"


def level_name(number: int) -> str:
    """Return the name of the file of a level."""
    return f"level_{number:03d}.txt"
