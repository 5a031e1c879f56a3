"""``python -m plmsproto``: the same as ``plmsproto``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
