"""Every limit of the program that is not a setting: name, unit, reason.  Pure."""

from restante.compat import const

# RFC 2449 §4: a command line is at most 255 octets, CRLF included.  Some clients send longer
# user names; 512 leaves room and still bounds what a stranger can make us hold.
COMMAND_OCTETS = const(512)
# RULES R21: SASL continuation lines carry OAuth and GSSAPI tokens of up to 12,288 octets.
CONTINUATION_OCTETS = const(12288)
# RFC 2449 §4: the first line of a reply is at most 512 octets, CRLF included.
REPLY_OCTETS = const(512)
# RFC 5322 §2.1.1 says 998, real mail has more; a longer line is passed on in pieces.
BODY_CHUNK_OCTETS = const(16384)
# Lines of a LIST, UIDL or CAPA answer: one line each; 128 is RFC 2449's 512 with room to spare
# for "number uidl" (70 octets, RFC 1939 §7), so a longer line is a fault of the origin.
LISTING_LINE_OCTETS = const(512)
# Messages of one maildrop that a session lists before it gives up on the origin.
LISTING_LINES = const(200000)
# CAPA lines that an origin may send; known servers send under 30.
CAPA_LINES = const(100)
# Loop guard: a session whose original destination is the box itself is refused.
# Wait for the rest of a control command, in ms.
CONTROL_READ_MS = const(5000)
# Console command line, octets: the longest line of settings (settings/text.py) and its command.
CONTROL_LINE_OCTETS = const(4200)
# What the console puts in front of it: whose line it is, the key of its login, and that it is only
# half typed.
CONTROL_PREFIX_OCTETS = const(96)
# A console password, octets: ten cannot be tried out one a minute, nor on a stolen hash.  The
# longest fits into a job of the helper thread (native/bindings/sys_helper.h) and a typed line.
PASSWORD_LEAST_OCTETS = const(10)
PASSWORD_OCTETS = const(128)
# Users of the console: an office's engineers; and the longest name that tables show whole.
CONSOLE_USERS = const(16)
USER_NAME_OCTETS = const(16)
# Logins at once: one serial line, a successor of its program, a tool beside it.
LOGINS = const(4)
# Wrong passwords in a row that cost nothing: slips of a finger.
LOGIN_FREE_TRIES = const(2)
# Then so many seconds, twice as many after each further one, but not more than that: who types
# is told to wait, who tries out comes to 1,440 a day.
LOGIN_DELAY_S = const(1)
LOGIN_DELAY_MOST_S = const(60)
# So many in a row are no slips: an alarm.
LOGIN_ALARM_TRIES = const(10)
