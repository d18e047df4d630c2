"""`python -m restante_tools`: the same as the command `restante`."""

from __future__ import annotations

from restante_tools.cli import main

if __name__ == "__main__":
    main()
