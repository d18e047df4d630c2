"""Whose body goes first when room is wanted.  Pure.

Retained ones first, then delivered ones, then those that the origin still has; of each the oldest
first.  Bodies only, and never what the box owns.
"""

from restante.store.index import DELIVERED, OWNED, STORED


def victims(index, before):
    """Slots in the order of eviction; of undelivered messages only slots below `before`.

    The caller may stop at any time, and changes nothing before it has stopped.
    """
    for slot in range(index.count):
        if index.is_retained(slot):
            yield slot
    for wanted in (DELIVERED, 0):
        for slot in range(before if not wanted else index.count):
            flags = index.flags(slot)
            if flags & STORED and not flags & OWNED and index.is_visible(slot):
                if flags & DELIVERED == wanted:
                    yield slot


def choose(index, octets, before):
    """([slots], octets that they free): enough for `octets`, or all there are."""
    chosen = []
    freed = 0
    if octets > 0:
        for slot in victims(index, before):
            chosen.append(slot)
            freed += index.size(slot)
            if freed >= octets:
                break
    return chosen, freed


def wanted(index, budget, quota):
    """Slots to fetch, newest first, within `budget` octets; what is hidden first of all.

    Only what fits beside newer messages within `quota` octets, so that nothing is fetched to be
    evicted again.  What a client has is not fetched anew.
    """
    slots = hidden(index)
    room = quota - _owned_octets(index)
    budget_left = budget
    for slot in range(index.count - 1, -1, -1):
        flags = index.flags(slot)
        octets = index.octets(slot)
        if flags & OWNED or not index.is_visible(slot) or octets > room:
            continue
        room -= octets
        if flags & (STORED | DELIVERED) or not index.numbers[slot]:
            continue
        if octets > budget_left and budget_left < budget:
            break  # the first one may be larger, else it would never come
        budget_left -= octets
        slots.append(slot)
    return slots


def _owned_octets(index):
    total = 0
    for slot in range(index.count):
        if index.flags(slot) & (OWNED | STORED) == OWNED | STORED and index.is_visible(slot):
            total += index.size(slot)
    return total


def hidden(index):
    """Slots of listed mail that is not shown yet."""
    return [slot for slot in range(index.count) if index.is_hidden(slot) and index.numbers[slot]]
