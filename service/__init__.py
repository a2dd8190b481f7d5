"""Questions in, grounded answers out."""

import os

# llama.cpp's threads wait for each other at many points of every token. Spinning there for long, as
# OpenMP does by itself, takes the processor from whatever the other thread waits for: on a busy
# machine the same answer takes several times as long. Read when the library is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
