"""Constants of the compiled file. A test compares them with sigfile.h, which owns them.

Names here are those of the header without the prefix RST_ (and RST_SIG_ for the first four).
"""

from __future__ import annotations

MAGIC = b"RSTSIG\x1a\n"
NONE = 0xFFFFFFFF
ANY_SIZE = 0xFFFFFFFF
GRAM_FACTOR = 0x9E3779B1

VERSION = 3

HEAD_VERSION = 8
HEAD_SIZE = 12
HEAD_TOTAL = 16
HEAD_BUILT = 24
HEAD_PATTERNS = 32
HEAD_IDS = 36
HEAD_NAME = 40
HEAD_BITMAP_BITS = 44
HEAD_BUCKET_BITS = 48
HEAD_SECTIONS = 52
HEAD_HASH_MAX = 56
HEAD_TABLE = 72
HEAD_TABLE_ENTRY = 16

BITMAP_BITS_MIN = 10
BITMAP_BITS_MAX = 18
BITMAP_WORD_SHIFT = 19
BITMAP_CODES = 512
BUCKET_BITS_MIN = 4
BUCKET_BITS_MAX = 20
BUCKET_FROM = 16777215
BUCKET_KINDS_SHIFT = 24
GRAM_KIND_SHIFT = 41

ENTRY_SIZE = 16
LINK_SIZE = 32
SEGMENT_SIZE = 12
LOGIC_SIZE = 20
RULE_SIZE = 48
MARK_SIZE = 16

DIGEST_KEPT = 16
FILTER_BLOCK = 32
FILTER_PROBES = 6

SPAN_MAX = 2048
EOF_MAX = 2047
SEGMENTS_MAX = 64
PROGRAM_DEPTH = 64
GLOB_MAX = 255

RUN_PLAIN = 0
RUN_MASKED = 1
RUN_CHOICE = 2
RUN_NEITHER = 3

CLUSTER_HIT = 1
CLUSTER_COUNTED = 2
CLUSTER_WORD_START = 4
CLUSTER_WORD_END = 8
CLUSTER_WIDE = 16

PROGRAM_SECTIONS = 96

BY_FILE = 0
BY_SENDER = 1
BY_SUBJECT = 2
BY_ENTRY = 3

CONTAINER_ANY = 0
CONTAINER_ZIP = 1
CONTAINER_TAR = 2

OP_TERM = 0
OP_ALL = 1
OP_ANY = 2

OFFSET_ANY = 0
OFFSET_START = 1
OFFSET_END = 2
OFFSET_ENTRY = 3
OFFSET_LAST = 4
OFFSET_SECTION = 16
OFFSET_INSIDE = 128

TARGET_ANY = 0
TARGET_PE = 1
TARGET_OLE2 = 2
TARGET_MAIL = 4
TARGET_ELF = 6
TARGET_PDF = 10

SECTION_NAMES = 0
SECTION_NAME_OFFSETS = 1
SECTION_BITMAP = 2
SECTION_BUCKETS = 3
SECTION_ENTRIES = 4
SECTION_LINKS = 5
SECTION_SEGMENTS = 6
SECTION_PATTERN_POOL = 7
SECTION_FILTERS = 8
SECTION_DIGESTS = 11
SECTION_SIZES = 14
SECTION_LINK_TRIGGERS = 17
SECTION_TRIGGERS = 18
SECTION_LOGIC = 19
SECTION_PROGRAMS = 20
SECTION_ALLOWED = 21
SECTION_RULES = 22
SECTION_MARKS = 23
SECTION_PIECE_DIGESTS = 24
SECTION_PIECE_SIZES = 27
SECTION_PIECE_SET = 30
SECTIONS = 31

DIGEST_KINDS = 3

# struct formats of the records, little-endian without padding; field order as in the header.
ENTRY = "<4I"  # gram, next, mask, link
# parent, gap, segment, signature, offset low, offset high, anchor offset, segments, anchor
# segment, offset kind, target, children, flags
LINK = "<6IH6B"
SEGMENT = "<IHHHH"  # bytes, length, kind, gap min, gap max
LOGIC = "<5I"  # signature, size low, size high, program, words
# glob, kind, container, encrypted, caseless, position low and high; then low and high of the size
# in the container and outside of it
RULE = "<I4B2I4Q"
MARK = "<4I"  # bytes, name, place, length

SECTION_NAMES_IN_WORDS = (
    "names",
    "name offsets",
    "gram bitmap",
    "buckets",
    "entries",
    "links",
    "segments",
    "pattern pool",
    "MD5 filter",
    "SHA-1 filter",
    "SHA-256 filter",
    "MD5 digests",
    "SHA-1 digests",
    "SHA-256 digests",
    "MD5 sizes",
    "SHA-1 sizes",
    "SHA-256 sizes",
    "triggers by link",
    "triggers",
    "logical signatures",
    "programs",
    "allowed hashes",
    "rules",
    "type marks",
    "MD5 of sections",
    "SHA-1 of sections",
    "SHA-256 of sections",
    "sizes to MD5 of sections",
    "sizes to SHA-1 of sections",
    "sizes to SHA-256 of sections",
    "section sizes",
)
