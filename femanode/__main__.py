"""``python -m femanode`` is the command ``femanode``."""

from femanode.cli import main

if __name__ == "__main__":
    main()
