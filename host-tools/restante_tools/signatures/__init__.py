"""Signatures: reads what exists (ClamAV's text formats), writes the one file that the box maps.

Everything but `commands` is pure: files in, data out. The layout of the compiled file is owned by
firmware/native/engine/sigfile.h; see SIGNATURES.md beside it.
"""
