"""`python -m tgan` is the same as `tgan`."""

from tgan.cli import main

if __name__ == "__main__":
    main()
