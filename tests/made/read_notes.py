"""What warnings say of how a file of a series is read."""


def notes_of(told):
    """What warnings say of how a file is read."""
    texts = [str(one.message).partition(" is read with ") for one in told]
    return [note for _, is_note, note in texts if is_note]
