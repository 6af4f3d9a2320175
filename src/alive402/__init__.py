"""alive402: was this face filmed from life, or re-filmed?"""
__version__ = "0.1.0"
