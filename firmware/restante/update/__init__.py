"""Signed bundles: their format, whose signature counts, and which of them may be installed.

Pure: octets in, decisions out.  The host tools use the same code to make and check bundles.
"""
