# Which files of others' decoders are built, and how, for all that builds the engine: MicroPython's
# build, the tests and the worker. Set before: RESTANTE_ENGINE_DIR, and RESTANTE_BZIP2_DIR,
# RESTANTE_XZ_DIR, RESTANTE_LHASA_DIR, RESTANTE_CABEXTRACT_DIR and RESTANTE_7ZIP_DIR, unmodified source
# trees. For a new one: its files and flags here, a name in RESTANTE_DECODERS, its tree in
# host-tools/restante_tools/build (micropython.py, native_tests.py, bill.py, buildroot.py).

# NAME: files below RESTANTE_DIR_NAME are RESTANTE_C_NAME, compiled with RESTANTE_FLAGS_NAME too.
RESTANTE_DECODERS := bzip2 xz lhasa mspack 7zip
RESTANTE_NO_TREES := $(foreach name,BZIP2 XZ LHASA CABEXTRACT 7ZIP,$(if \
	$(wildcard $(RESTANTE_$(name)_DIR)/*),,RESTANTE_$(name)_DIR="$(RESTANTE_$(name)_DIR)"))
ifneq ($(strip $(RESTANTE_NO_TREES)),)
$(error not source trees: $(strip $(RESTANTE_NO_TREES)))
endif

# libbz2 opens .bz2, .tar.bz2, zip method 12 and the method BZip2 of 7z. Its one file of calls names
# the compressor too; nobody calls it, so the linker leaves it out of the box's program.
RESTANTE_DIR_bzip2 := $(RESTANTE_BZIP2_DIR)
RESTANTE_C_bzip2 := \
	blocksort.c bzlib.c compress.c crctable.c decompress.c huffman.c randtable.c
# liblzma opens .xz, .lzma, .lz, zip method 14, and LZMA, LZMA2, Delta and BCJ of 7z. Decoders only.
RESTANTE_DIR_xz := $(RESTANTE_XZ_DIR)/src/liblzma
RESTANTE_C_xz := \
	check/check.c check/crc32_fast.c check/crc64_fast.c check/sha256.c \
	common/alone_decoder.c common/block_decoder.c common/block_header_decoder.c \
	common/block_util.c common/common.c common/filter_common.c common/filter_decoder.c \
	common/filter_flags_decoder.c common/index_hash.c common/lzip_decoder.c \
	common/stream_decoder.c common/stream_flags_common.c common/stream_flags_decoder.c \
	common/vli_decoder.c common/vli_size.c \
	delta/delta_common.c delta/delta_decoder.c \
	lz/lz_decoder.c lzma/lzma2_decoder.c lzma/lzma_decoder.c \
	simple/arm.c simple/arm64.c simple/armthumb.c simple/ia64.c simple/powerpc.c \
	simple/riscv.c simple/simple_coder.c simple/simple_decoder.c simple/sparc.c simple/x86.c

# lhasa opens what lies in .lzh, and the methods 1 to 3 of ARJ, which are those of LHA. The engine
# includes pm2 itself (lha_pm2.c).
RESTANTE_DIR_lhasa := $(RESTANTE_LHASA_DIR)/lib
RESTANTE_C_lhasa := $(addsuffix _decoder.c,lh1 lh5 lh6 lh7 lhx lk7 lz5 lzs pm1)
# It shifts octets that it has no room for by negative numbers of bits. They are zero, so it does not
# matter which bits come out.
RESTANTE_FLAGS_lhasa := -fno-sanitize=shift
# The part of libmspack that cabextract carries: LZX of .cab and .chm, Quantum of .cab.
RESTANTE_DIR_mspack := $(RESTANTE_CABEXTRACT_DIR)/mspack
RESTANTE_C_mspack := lzxd.c qtmd.c
# PPMd of 7z (7) and zip (8), and BCJ2 of 7z.
RESTANTE_DIR_7zip := $(RESTANTE_7ZIP_DIR)/C
RESTANTE_C_7zip := Bcj2.c Ppmd7.c Ppmd7Dec.c Ppmd8.c Ppmd8Dec.c

# All of them, with their trees.
RESTANTE_DECODERS_C := $(foreach name,$(RESTANTE_DECODERS),\
	$(addprefix $(RESTANTE_DIR_$(name))/,$(RESTANTE_C_$(name))))

# For zlib's own files: without its own header files (Z_SOLO) it would copy octet by octet.
RESTANTE_ZLIB_FLAGS := -DHAVE_MEMCPY -include string.h

# For whoever calls them. BZ_NO_STDIO: no files, no messages.
RESTANTE_DECODER_FLAGS := -DBZ_NO_STDIO -DLZMA_API_STATIC
RESTANTE_DECODER_FLAGS += -I$(RESTANTE_BZIP2_DIR) -I$(RESTANTE_XZ_DIR)/src/liblzma/api
RESTANTE_DECODER_FLAGS += -I$(RESTANTE_LHASA_DIR)/lib -I$(RESTANTE_CABEXTRACT_DIR)/mspack
RESTANTE_DECODER_FLAGS += -I$(RESTANTE_7ZIP_DIR)/C
# libmspack compares 32-bit offsets as off_t: with 32 bits they would be negative.
RESTANTE_DECODER_FLAGS += -D_FILE_OFFSET_BITS=64
# For liblzma's own files: what its configure script would find out.
RESTANTE_FLAGS_xz := -include $(RESTANTE_ENGINE_DIR)/xz_config.h -I$(RESTANTE_XZ_DIR)/src/common
RESTANTE_FLAGS_xz += $(addprefix -I$(RESTANTE_XZ_DIR)/src/liblzma/,\
	common check delta lz lzma rangecoder simple)
# 7-Zip writes words at any address where processors can (CpuArch.h; not on 32-bit Arm), through
# pointers of other types.
RESTANTE_FLAGS_7zip := -fno-strict-aliasing -fno-sanitize=alignment
