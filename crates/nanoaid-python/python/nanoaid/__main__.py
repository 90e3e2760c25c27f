"""``python -m nanoaid``: the command line."""

import sys

from nanoaid._command import main

sys.exit(main())
