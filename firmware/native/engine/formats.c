// The handlers of the formats that the engine looks into.
#include "chm.h"
#include "image.h"
#include "old_archives.h"
#include "program.h"
#include "scanner.h"

static void plain_begin(rst_scanner *s, rst_layer *l) {
    (void)s;
    (void)l;
}

static void plain_write(rst_scanner *s, rst_layer *l, const uint8_t *data, size_t n,
                        uint64_t wire) {
    (void)s;
    (void)l;
    (void)data;
    (void)n;
    (void)wire;
}

const rst_handler rst_handlers[RST_FORMATS] = {
    [RST_FORMAT_UNDECIDED] = {plain_begin, plain_write, plain_begin},
    [RST_FORMAT_PLAIN] = {plain_begin, plain_write, plain_begin},
    [RST_FORMAT_TEXT] = {rst_text_begin, rst_text_write, rst_text_end},
    [RST_FORMAT_MAIL] = {rst_mime_begin, rst_mime_write, rst_mime_end},
    [RST_FORMAT_ZIP] = {rst_zip_begin, rst_zip_write, rst_zip_end},
    [RST_FORMAT_GZIP] = {rst_gzip_begin, rst_gzip_write, rst_gzip_end},
    [RST_FORMAT_TAR] = {rst_tar_begin, rst_tar_write, rst_tar_end},
    [RST_FORMAT_OLE] = {rst_store_begin, rst_store_write, rst_ole_end},
    [RST_FORMAT_OLE1] = {rst_store_begin, rst_store_write, rst_ole1_end},
    [RST_FORMAT_SHEET] = {rst_store_begin, rst_store_write, rst_sheet_end},
    [RST_FORMAT_RELATIONS] = {rst_relations_begin, rst_relations_write, rst_relations_end},
    [RST_FORMAT_RTF] = {rst_rtf_begin, rst_rtf_write, rst_rtf_end},
    [RST_FORMAT_TNEF] = {rst_store_begin, rst_store_write, rst_tnef_end},
    [RST_FORMAT_PDF] = {rst_store_begin, rst_store_write, rst_pdf_end},
    [RST_FORMAT_HTML] = {rst_html_begin, rst_html_write, rst_html_end},
    [RST_FORMAT_ONENOTE] = {rst_store_begin, rst_store_write, rst_onenote_end},
    [RST_FORMAT_CMS] = {rst_store_begin, rst_store_write, rst_cms_end},
    [RST_FORMAT_PGP] = {rst_pgp_begin, plain_write, plain_begin},
    [RST_FORMAT_PACKED] = {rst_packed_begin, rst_packed_write, rst_packed_end},
    [RST_FORMAT_7Z] = {rst_store_begin, rst_store_write, rst_sevenzip_end},
    [RST_FORMAT_CAB] = {rst_store_begin, rst_store_write, rst_cab_end},
    [RST_FORMAT_IMAGE] = {rst_store_begin, rst_store_write, rst_image_end},
    [RST_FORMAT_AR] = {rst_store_begin, rst_store_write, rst_ar_end},
    [RST_FORMAT_CPIO] = {rst_store_begin, rst_store_write, rst_cpio_end},
    [RST_FORMAT_RAR] = {rst_store_begin, rst_store_write, rst_rar_end},
    [RST_FORMAT_ARJ] = {rst_store_begin, rst_store_write, rst_arj_end},
    [RST_FORMAT_LZH] = {rst_store_begin, rst_store_write, rst_lzh_end},
    [RST_FORMAT_SZDD] = {rst_store_begin, rst_store_write, rst_szdd_end},
    [RST_FORMAT_BINHEX] = {rst_store_begin, rst_store_write, rst_binhex_end},
    [RST_FORMAT_CHM] = {rst_store_begin, rst_store_write, rst_chm_end},
    [RST_FORMAT_SIS] = {rst_store_begin, rst_store_write, rst_sis_end},
    [RST_FORMAT_PROGRAM] = {rst_store_begin, rst_store_write, rst_program_end},
};
