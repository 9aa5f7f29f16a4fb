"""Programs and parts of the other side of a comparison."""
