"""Both POP3 engines against the dialogues, whole, octet by octet, cut at each place.

Also on MicroPython.
"""

import dialogue


def test_server_dialogues():
    names = dialogue.names("server-")
    assert len(names) >= 5
    for name in names:
        script = dialogue.lines(name)
        assert dialogue.every_cut(script, dialogue.play_server, "C") > 10, name


def test_client_dialogues():
    names = dialogue.names("client-")
    assert len(names) >= 5
    for name in names:
        script = dialogue.lines(name)
        assert dialogue.every_cut(script, dialogue.play_client, "S") > 2, name


def test_a_wrong_dialogue_is_noticed():
    script = [("C", b"USER fred\r\n"), ("O", b"USER other\r\n"), ("S", b"+OK\r\n")]
    try:
        dialogue.play_server(script, 0, 100)
    except AssertionError:
        return
    raise AssertionError("the player takes anything")
