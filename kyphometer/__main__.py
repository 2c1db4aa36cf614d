"""Run the command line with `python -m kyphometer`."""

import sys

from kyphometer.cli import main

sys.exit(main())
