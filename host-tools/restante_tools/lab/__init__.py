"""The lab: the box in QEMU between two network namespaces, with real servers and real clients."""
