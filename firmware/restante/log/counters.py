"""Counts since the start of the program, by name.  Pure.

Every name is declared here with its meaning; a name that is not is an error of the caller.
"""

NAMES = {
    "sessions": "sessions accepted",
    "sessions_refused": "sessions refused because of the maximum",
    "messages": "messages screened",
    "octets": "octets of screened messages",
    "infected": "messages with the verdict infected",
    "replaced": "messages with a part replaced by a notice",
    "held": "messages replaced whole by a notice",
    "marked": "messages delivered marked",
    "late": "stored messages that a newer signature set found bad",
    "no_verdict": "messages without a verdict",
    "no_room": "messages among those that the disk had no room to unpack",
    "refused": "messages refused for a cause that may pass",
    "released": "released originals delivered",
    "polls": "polls of accelerated accounts that went through",
    "collected": "messages stored ahead of time",
    "collected_octets": "octets of those",
    "collect_failures": "polls that failed",
    "tunnels": "connections that passed in a tunnel, not screened",
    "origin_failures": "origins that could not be reached or broke off",
    "log_lost": "log lines that the console did not take",
    "syslog_sent": "records that were sent to the syslog server",
    "syslog_lost": "records that it could not take in time",
}


class Counters:
    def __init__(self):
        self._counts = {name: 0 for name in NAMES}
        # Seconds since 1970 of the last verdict; None: nothing was screened yet.
        self.last_screened = None

    def add(self, name, n=1):
        self._counts[name] += n

    def get(self, name):
        return self._counts[name]

    def screened(self, octets, now):
        """A message got a verdict."""
        self._counts["messages"] += 1
        self._counts["octets"] += octets
        self.last_screened = now
