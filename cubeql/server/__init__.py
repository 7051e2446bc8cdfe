"""A store served to others.

``guests`` (who is there, each with a session of the one engine), ``flight`` (Arrow Flight SQL).
"""
