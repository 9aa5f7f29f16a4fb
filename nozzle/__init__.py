"""A live research journal: think in Markdown, run it, keep every step."""

__version__ = "0.1.0"
