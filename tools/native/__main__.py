"""`python -m tools.native`."""

import sys

from tools.native.cli import main

sys.exit(main())
