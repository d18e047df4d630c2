"""Facts about the machine, from /proc and the data partition.  Reads; decides nothing."""

from restante.box import places


def _fields(path, wanted):
    """{name: KiB} of lines such as `MemTotal:   60000 kB`."""
    found = {}
    with open(path) as f:
        for line in f:
            name, _, rest = line.partition(":")
            if name in wanted:
                found[name] = int(rest.split()[0]) << 10
    return found


class System:
    def __init__(self, free_octets, data=places.DATA, request=places.REBOOT_REQUEST):
        self._free_octets = free_octets  # _sys.free_octets
        self._data = data
        self._request = request

    def memory(self):
        """(octets in all, octets available without swapping)."""
        found = _fields("/proc/meminfo", ("MemTotal", "MemAvailable"))
        return found["MemTotal"], found["MemAvailable"]

    def resident(self):
        """Octets of this program that lie in memory."""
        return _fields("/proc/self/status", ("VmRSS",))["VmRSS"]

    def uptime(self):
        """Seconds since the kernel started."""
        with open("/proc/uptime") as f:
            return int(f.read().split(".")[0])

    def data_free(self):
        """Octets of the data partition that are free to us."""
        return self._free_octets(self._data)

    def request_reboot(self):
        """Asks the warden, which has the right to: see places.REBOOT_REQUEST."""
        with open(self._request, "wb") as f:
            f.write(b"console\n")
