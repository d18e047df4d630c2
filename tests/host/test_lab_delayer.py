"""The line's queue, exactly: rate, delay, order, and what is dropped."""

from restante_tools.lab.delayer import Direction, Line

LINE = Line(bits_a_second=8000, delay=0.5, queue=2.0)  # 1000 octets a second


def test_a_frame_on_a_free_line_takes_its_own_time_and_the_delay():
    assert Direction(LINE).arrival(10.0, 1000) == 11.5


def test_frames_wait_for_those_before_them():
    direction = Direction(LINE)
    assert [direction.arrival(0.0, 1000) for _ in range(3)] == [1.5, 2.5, 3.5]
    assert direction.arrival(2.75, 500) == 4.0
    assert direction.arrival(9.0, 500) == 10.0


def test_what_would_wait_too_long_is_dropped_and_takes_no_time():
    direction = Direction(LINE)
    assert [direction.arrival(0.0, 1000) for _ in range(4)] == [1.5, 2.5, 3.5, None]
    assert direction.arrival(1.0, 1000) == 4.5
