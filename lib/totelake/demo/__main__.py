"""python -m totelake.demo."""

import sys

from totelake.demo.story import main

sys.exit(main())
