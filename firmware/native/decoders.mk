# Which files of others' decoders are built, and how, for all that builds the engine: MicroPython's
# build, the tests and the worker. Set before: RESTANTE_BZIP2_DIR and RESTANTE_XZ_DIR, unmodified
# source trees, and RESTANTE_ENGINE_DIR.

# libbz2 opens .bz2, .tar.bz2, zip method 12 and the method BZip2 of 7z. Its one file of calls names
# the compressor too; nobody calls it, so the linker leaves it out of the box's program.
RESTANTE_BZIP2 := $(addprefix $(RESTANTE_BZIP2_DIR)/,\
	blocksort.c bzlib.c compress.c crctable.c decompress.c huffman.c randtable.c)
# liblzma opens .xz, .lzma, .lz, zip method 14, and LZMA, LZMA2, Delta and BCJ of 7z. Decoders only.
RESTANTE_XZ := $(addprefix $(RESTANTE_XZ_DIR)/src/liblzma/,\
	check/check.c check/crc32_fast.c check/crc64_fast.c check/sha256.c \
	common/alone_decoder.c common/block_decoder.c common/block_header_decoder.c \
	common/block_util.c common/common.c common/filter_common.c common/filter_decoder.c \
	common/filter_flags_decoder.c common/index_hash.c common/lzip_decoder.c \
	common/stream_decoder.c common/stream_flags_common.c common/stream_flags_decoder.c \
	common/vli_decoder.c common/vli_size.c \
	delta/delta_common.c delta/delta_decoder.c \
	lz/lz_decoder.c lzma/lzma2_decoder.c lzma/lzma_decoder.c \
	simple/arm.c simple/arm64.c simple/armthumb.c simple/ia64.c simple/powerpc.c \
	simple/riscv.c simple/simple_coder.c simple/simple_decoder.c simple/sparc.c simple/x86.c)

# For zlib's own files: without its own header files (Z_SOLO) it would copy octet by octet.
RESTANTE_ZLIB_FLAGS := -DHAVE_MEMCPY -include string.h

# For whoever calls them. BZ_NO_STDIO: no files, no messages.
RESTANTE_DECODER_FLAGS := -DBZ_NO_STDIO -DLZMA_API_STATIC
RESTANTE_DECODER_FLAGS += -I$(RESTANTE_BZIP2_DIR) -I$(RESTANTE_XZ_DIR)/src/liblzma/api
# For liblzma's own files: what its configure script would find out.
RESTANTE_XZ_FLAGS := -include $(RESTANTE_ENGINE_DIR)/xz_config.h -I$(RESTANTE_XZ_DIR)/src/common
RESTANTE_XZ_FLAGS += $(addprefix -I$(RESTANTE_XZ_DIR)/src/liblzma/,\
	common check delta lz lzma rangecoder simple)
