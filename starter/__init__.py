"""How the starter model is made: frames drawn by script, a small diffusion model trained on them.

The program never imports this package; `python -m starter --help` tells how a release is made
from nothing. The releases themselves lie in `resources/models/`.
"""
