"""`python -m native`."""

import sys

from native.cli import main

sys.exit(main())
