"""Generative adversarial networks for video, after TGAN (Saito et al., ICCV 2017).

Importing the package is cheap: nothing here imports torch, so the command line can answer
`--help`, check a configuration or prepare videos without paying for it.
"""

from tgan import _moved

__version__ = "0.1.0"

_moved.install()
