"""The command ``nanoaid``."""

from __future__ import annotations

import signal
import sys

from nanoaid import _nanoaid


def main() -> int:
    """Runs the command line with the arguments of this process; returns its exit code."""
    # the command answers Ctrl-C itself: it stops at the next step, and says how to continue
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _nanoaid.main(["nanoaid", *sys.argv[1:]])
