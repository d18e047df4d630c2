"""What clients that leave mail on the server must see, wherever they are. Pure: no I/O here.

A message is its number. The model is told what happened and answers with faults in words; an empty
list is right. It knows nothing of UIDLs but that equal messages have equal ones.
"""


class Model:
    """One account at one origin, with one client that remembers what it has fetched."""

    def __init__(self):
        self.sent = []  # in the order in which they came
        self.deleted = set()  # a client deleted them and its QUIT was answered with +OK
        self.doubtful = set()  # DELE and QUIT were said, but the answer was an error or none
        self.fetched = []  # by the client, in order
        self.up = True
        self.known = None  # what the box listed when it last could ask the origin; None: never

    # What happens.

    def came(self, number):
        self.sent.append(number)

    def removed(self, numbers, acknowledged):
        """A session marked these and said QUIT."""
        (self.deleted if acknowledged else self.doubtful).update(numbers)

    def resolved(self, held):
        """The origin holds just these, and nothing waits to be deleted there."""
        self.deleted.update(self.doubtful.difference(held))
        self.doubtful.clear()

    # What must be.

    def left(self):
        """What no client has deleted, in order."""
        return [number for number in self.sent if number not in self.deleted]

    def due(self):
        """What a poll that can see everything must bring now."""
        return [number for number in self.left() if number not in self.fetched]

    def faults_of_poll(self, got, complete):
        """`got`: fetched by the client in this poll; `complete`: nothing stood in its way."""
        faults = self._faults_of_fetching(got)
        self.fetched += [number for number in got if number not in self.fetched]
        missing = [number for number in self.due() if number not in self.doubtful]
        if complete and missing:
            faults.append(f"missing: {missing}")
        return faults

    def _faults_of_fetching(self, got):
        twice = [n for n in got if n in self.fetched or got.count(n) > 1]
        back = [n for n in got if n in self.deleted]
        unknown = [n for n in got if n not in self.sent]
        found = (("fetched twice", twice), ("back from the dead", back), ("unknown", unknown))
        return [f"{what}: {numbers}" for what, numbers in found if numbers]

    def faults_of_origin(self, held):
        """What the origin holds when nothing waits to be deleted there."""
        left = [number for number in self.left() if number not in self.doubtful]
        missing = [number for number in left if number not in held]
        back = [number for number in held if number in self.deleted]
        found = (("gone at the origin", missing), ("not deleted at the origin", back))
        return [f"{what}: {numbers}" for what, numbers in found if numbers]

    def faults_of_listing(self, office, direct):
        """Promise 3: rows of the listing through the box and directly, nothing waiting."""
        self.known = [number for number, _ in direct]
        if office == direct:
            return []
        return [f"the box lists {office}, the origin {direct}"]

    def faults_offline(self, office):
        """Promise 4: numbers that the box lists while the origin is away."""
        missing = [n for n in self.known or () if n not in office and n in self.left()]
        back = [n for n in office if n in self.deleted]
        unknown = [n for n in office if n not in self.sent]
        found = (("not listed", missing), ("listed again", back), ("unknown", unknown))
        return [f"{what} while the origin is away: {n}" for what, n in found if n]
