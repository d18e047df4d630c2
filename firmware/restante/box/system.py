"""Facts about the machine, from /proc and the data partition.  Reads; decides nothing."""

import _sys

from restante.box import facts, places


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
    def __init__(self, data=places.DATA, run=places.RUN):
        self._data = data
        self._run = run

    def memory(self):
        """(octets in all, octets available without swapping)."""
        found = _fields("/proc/meminfo", ("MemTotal", "MemAvailable"))
        return found["MemTotal"], found["MemAvailable"]

    def resident(self):
        """Octets of this program that lie in memory."""
        return _fields("/proc/self/status", ("VmRSS",))["VmRSS"]

    def uptime(self):
        """Seconds since the kernel started."""
        return _sys.uptime()

    def data_free(self):
        """Octets of the data partition that are free to us."""
        return _sys.free_octets(self._data)

    def interfaces(self):
        """Rows of facts.interfaces()."""
        return facts.interfaces()

    def gateway(self):
        """(interface, address) of the default route, or None."""
        return facts.gateway()

    def kernel(self):
        return facts.kernel()

    def memory_rows(self):
        return facts.memory()

    def filter(self):
        """Lines about the packet filter, none if the warden has not set one yet."""
        return facts.read(self._run + "/" + places.FILTER).split("\n")[:-1]

    def request_reboot(self):
        """Asks the warden, which has the right to: see places.py."""
        self._request(places.REBOOT_REQUEST)

    def request_factory_reset(self):
        """Asks the warden to destroy the key of the data partition, and then to restart."""
        self._request(places.RESET_REQUEST)

    def _request(self, name):
        with open(self._run + "/" + name, "wb") as f:
            f.write(b"console\n")
