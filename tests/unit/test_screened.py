"""Which bodies a signature set has judged, after any order of sets.  Also on MicroPython."""

from restante.store.screened import NOTHING, OCTETS, Screened, mark_of

A, B, C = mark_of("a"), mark_of("b"), mark_of("c")


class Drop:
    """Bodies with the set that really judged each last, and what is remembered of it."""

    def __init__(self):
        self.next = 1
        self.bodies = {}
        self.screened = Screened()
        self.records = 0

    def take(self, body):
        if body is not None:
            assert len(body) == OCTETS
            self.records += 1
            self.screened = Screened()  # as after a restart
            self.screened.apply(body)
            assert self.screened.body() == body

    def store(self, mark):
        self.take(self.screened.with_body(self.next, mark))
        self.bodies[self.next] = mark
        self.next += 1

    def switch(self, mark):
        self.take(self.screened.with_bundle(mark, self.next))

    def judge(self, mark, count):
        """The lowest `count` that wait are judged by the set in use."""
        waiting = [n for n in sorted(self.bodies) if self.screened.waits(n)]
        for number in waiting[:count]:
            self.bodies[number] = mark
            self.take(self.screened.with_done(number + 1))
        if count >= len(waiting):
            self.take(self.screened.with_done(self.screened.until))

    def is_right(self):
        for number, mark in self.bodies.items():
            if mark != self.screened.bundle and not self.screened.waits(number):
                return False
        return True


def test_a_name_has_a_mark():
    assert len({A, B, C, NOTHING}) == 4 and mark_of("") == NOTHING and mark_of("a") == A


def test_one_set_writes_one_record():
    drop = Drop()
    for _ in range(5):
        drop.store(A)
    assert drop.records == 1 and drop.is_right() and not drop.screened.waits(1)


def test_a_new_set_makes_all_wait_once():
    drop = Drop()
    for _ in range(4):
        drop.store(A)
    drop.switch(A)
    assert drop.records == 1
    drop.switch(B)
    assert [drop.screened.waits(n) for n in (0, 1, 4, 5)] == [True, True, True, False]
    drop.judge(B, 2)
    drop.store(B)
    assert [drop.screened.waits(n) for n in (1, 2, 3, 4, 5)] == [False, False, True, True, False]
    drop.judge(B, 9)
    assert not any(drop.screened.waits(n) for n in range(9)) and drop.is_right()


def test_what_no_set_judged_waits():
    drop = Drop()
    drop.store(NOTHING)
    drop.store(NOTHING)
    assert drop.records == 0
    drop.switch(A)
    drop.judge(A, 9)
    drop.store(A)
    drop.store(NOTHING)
    assert drop.screened.waits(4) and not drop.screened.waits(3)


def test_any_order_of_sets():
    """Every sequence of five steps: nothing is taken for judged that is not."""
    steps = (
        lambda drop: drop.store(A),
        lambda drop: drop.store(B),
        lambda drop: drop.store(NOTHING),
        lambda drop: drop.switch(A),
        lambda drop: drop.switch(B),
        lambda drop: drop.judge(drop.screened.bundle, 1),
        lambda drop: drop.judge(drop.screened.bundle, 9),
    )
    count = len(steps)
    for code in range(count**5):
        drop = Drop()
        for _ in range(5):
            steps[code % count](drop)
            code //= count
            assert drop.is_right(), code
