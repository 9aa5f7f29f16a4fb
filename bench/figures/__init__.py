"""The figures: each module makes the rows of one or a few of them, and knows its own arms and their proof."""
