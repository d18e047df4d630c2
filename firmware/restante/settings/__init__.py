"""Settings of the box: `load(path)` gives a Settings, `.get("sessions maximum")` a typed value."""

from restante.settings.files import load
from restante.settings.values import Settings

__all__ = ("Settings", "load")
