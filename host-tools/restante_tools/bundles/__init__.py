"""The publisher's side of bundles: keys, signing, building, checking.

The format itself is the firmware's: restante.update. Nothing of it is repeated here.
"""
