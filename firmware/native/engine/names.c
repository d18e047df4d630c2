// Endings of file names, and what their owners know of them: Windows' PATHEXT and the lists of
// what mail programs do not let through (Outlook's "level 1"), IANA's media types. An ending that
// means several things has RST_FAMILY_NONE: it promises nothing. Case is that of ASCII, as in file
// systems' first 128 letters.
#include "names.h"

#include <string.h>

#include "ascii.h"

// Sorted, for the search.
static const rst_ending endings[] = {
    {"3gp", RST_TYPE_MP4, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"7z", RST_TYPE_7Z, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"aac", RST_TYPE_MP4, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"ace", RST_TYPE_ACE, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"ai", RST_TYPE_POSTSCRIPT, RST_FAMILY_NONE, RST_TYPE_PDF, false},
    {"alz", RST_TYPE_ALZ, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"apk", RST_TYPE_APK, RST_FAMILY_EXECUTABLE, RST_TYPE_ZIP, false},
    {"apng", RST_TYPE_PNG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"application", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"appref-ms", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"arj", RST_TYPE_ARJ, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"asc", RST_TYPE_TEXT, RST_FAMILY_NONE, RST_TYPE_UNKNOWN, false},
    {"asf", RST_TYPE_ASF, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"avi", RST_TYPE_AVI, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"avif", RST_TYPE_HEIC, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"bash", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"bat", RST_TYPE_BATCH, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"bmp", RST_TYPE_BMP, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"bz2", RST_TYPE_BZIP2, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"c", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"cab", RST_TYPE_CAB, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"cfg", RST_TYPE_TEXT, RST_FAMILY_NONE, RST_TYPE_UNKNOWN, false},
    {"chm", RST_TYPE_CHM, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"class", RST_TYPE_JAVA_CLASS, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, false},
    {"cmd", RST_TYPE_BATCH, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"com", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"command", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"conf", RST_TYPE_TEXT, RST_FAMILY_NONE, RST_TYPE_UNKNOWN, false},
    {"cpio", RST_TYPE_CPIO, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"cpl", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"cpp", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"csh", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"css", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"csv", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"cur", RST_TYPE_ICO, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"deb", RST_TYPE_AR, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"dex", RST_TYPE_DEX, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, false},
    {"dib", RST_TYPE_BMP, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"diff", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"dll", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"doc", RST_TYPE_DOC, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"docm", RST_TYPE_DOCX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"docx", RST_TYPE_DOCX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"dot", RST_TYPE_DOC, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"dotm", RST_TYPE_DOCX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"dotx", RST_TYPE_DOCX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"dqy", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"drv", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"dylib", RST_TYPE_MACHO, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, false},
    {"egg", RST_TYPE_EGG, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"elf", RST_TYPE_ELF, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, false},
    {"emf", RST_TYPE_EMF, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"eml", RST_TYPE_MAIL, RST_FAMILY_MAIL, RST_TYPE_UNKNOWN, false},
    {"emz", RST_TYPE_EMF, RST_FAMILY_IMAGE, RST_TYPE_GZIP, false},
    {"eps", RST_TYPE_POSTSCRIPT, RST_FAMILY_DOCUMENT, RST_TYPE_PDF, false},
    {"epub", RST_TYPE_EPUB, RST_FAMILY_DOCUMENT, RST_TYPE_ZIP, false},
    {"exe", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"flac", RST_TYPE_FLAC, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"gadget", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"gif", RST_TYPE_GIF, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"gpg", RST_TYPE_PGP, RST_FAMILY_CRYPTO, RST_TYPE_UNKNOWN, false},
    {"gz", RST_TYPE_GZIP, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"h", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"heic", RST_TYPE_HEIC, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"heif", RST_TYPE_HEIC, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"hta", RST_TYPE_HTA, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"htm", RST_TYPE_HTML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"html", RST_TYPE_HTML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"ico", RST_TYPE_ICO, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"ics", RST_TYPE_CALENDAR, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"img", RST_TYPE_ISO, RST_FAMILY_NONE, RST_TYPE_UNKNOWN, false},
    {"inf", RST_TYPE_INF, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"ini", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"iqy", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"iso", RST_TYPE_ISO, RST_FAMILY_DISK, RST_TYPE_UNKNOWN, false},
    {"jar", RST_TYPE_JAR, RST_FAMILY_EXECUTABLE, RST_TYPE_ZIP, true},
    {"java", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"jfif", RST_TYPE_JPEG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"jpe", RST_TYPE_JPEG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"jpeg", RST_TYPE_JPEG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"jpg", RST_TYPE_JPEG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"js", RST_TYPE_JAVASCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"jse", RST_TYPE_JAVASCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"json", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"ksh", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"lha", RST_TYPE_LZH, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"library-ms", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"lnk", RST_TYPE_LNK, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"log", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"lz", RST_TYPE_LZIP, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"lzh", RST_TYPE_LZH, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"lzma", RST_TYPE_LZMA, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"m4a", RST_TYPE_MP4, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"m4v", RST_TYPE_MP4, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"md", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"mht", RST_TYPE_MAIL, RST_FAMILY_MAIL, RST_TYPE_UNKNOWN, false},
    {"mhtml", RST_TYPE_MAIL, RST_FAMILY_MAIL, RST_TYPE_UNKNOWN, false},
    {"mid", RST_TYPE_MIDI, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"midi", RST_TYPE_MIDI, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"mkv", RST_TYPE_MATROSKA, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"mov", RST_TYPE_MP4, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"mp3", RST_TYPE_MP3, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"mp4", RST_TYPE_MP4, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"mpeg", RST_TYPE_MPEG, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"mpg", RST_TYPE_MPEG, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"mpp", RST_TYPE_OLE, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"msc", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"msg", RST_TYPE_MSG, RST_FAMILY_MAIL, RST_TYPE_OLE, false},
    {"msi", RST_TYPE_MSI, RST_FAMILY_EXECUTABLE, RST_TYPE_OLE, true},
    {"msp", RST_TYPE_MSI, RST_FAMILY_EXECUTABLE, RST_TYPE_OLE, true},
    {"mst", RST_TYPE_MSI, RST_FAMILY_EXECUTABLE, RST_TYPE_OLE, true},
    {"ocx", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"odg", RST_TYPE_ODP, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"odp", RST_TYPE_ODP, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ods", RST_TYPE_ODS, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"odt", RST_TYPE_ODT, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"oft", RST_TYPE_MSG, RST_FAMILY_MAIL, RST_TYPE_OLE, false},
    {"oga", RST_TYPE_OGG, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"ogg", RST_TYPE_OGG, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"ogv", RST_TYPE_OGG, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"one", RST_TYPE_ONENOTE, RST_FAMILY_OFFICE, RST_TYPE_CAB, false},
    {"onepkg", RST_TYPE_ONENOTE, RST_FAMILY_OFFICE, RST_TYPE_CAB, false},
    {"opus", RST_TYPE_OGG, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"oqy", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"otf", RST_TYPE_OPENTYPE, RST_FAMILY_FONT, RST_TYPE_UNKNOWN, false},
    {"otp", RST_TYPE_ODP, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ots", RST_TYPE_ODS, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ott", RST_TYPE_ODT, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"oxps", RST_TYPE_EPUB, RST_FAMILY_DOCUMENT, RST_TYPE_ZIP, false},
    {"p7c", RST_TYPE_CMS, RST_FAMILY_CRYPTO, RST_TYPE_UNKNOWN, false},
    {"p7m", RST_TYPE_CMS, RST_FAMILY_CRYPTO, RST_TYPE_UNKNOWN, false},
    {"p7s", RST_TYPE_CMS, RST_FAMILY_CRYPTO, RST_TYPE_UNKNOWN, false},
    {"patch", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"pdf", RST_TYPE_PDF, RST_FAMILY_DOCUMENT, RST_TYPE_UNKNOWN, false},
    {"pgp", RST_TYPE_PGP, RST_FAMILY_CRYPTO, RST_TYPE_UNKNOWN, false},
    {"php", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"pif", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"pjpeg", RST_TYPE_JPEG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"pkg", RST_TYPE_XAR, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"pl", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"png", RST_TYPE_PNG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"pot", RST_TYPE_PPT, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"potm", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"potx", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ppam", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"pps", RST_TYPE_PPT, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"ppsm", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ppsx", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"ppt", RST_TYPE_PPT, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"pptm", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"pptx", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"prn", RST_TYPE_POSTSCRIPT, RST_FAMILY_NONE, RST_TYPE_PDF, false},
    {"ps", RST_TYPE_POSTSCRIPT, RST_FAMILY_DOCUMENT, RST_TYPE_PDF, false},
    {"ps1", RST_TYPE_POWERSHELL, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"ps1xml", RST_TYPE_POWERSHELL, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"psc1", RST_TYPE_POWERSHELL, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"psd", RST_TYPE_PSD, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"psm1", RST_TYPE_POWERSHELL, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"pub", RST_TYPE_OLE, RST_FAMILY_NONE, RST_TYPE_OLE, false},
    {"py", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"pyw", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"rar", RST_TYPE_RAR, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"rb", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"reg", RST_TYPE_REGISTRY, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"rpm", RST_TYPE_RPM, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"rqy", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"rss", RST_TYPE_XML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"rtf", RST_TYPE_RTF, RST_FAMILY_OFFICE, RST_TYPE_UNKNOWN, false},
    {"scf", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"scr", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"sct", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"search-ms", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"searchconnector-ms", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"settingcontent-ms", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"sh", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"shtml", RST_TYPE_HTML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"sit", RST_TYPE_STUFFIT, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"sitx", RST_TYPE_STUFFIT, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"slk", RST_TYPE_QUERY, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"so", RST_TYPE_ELF, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, false},
    {"srt", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"svg", RST_TYPE_SVG, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"svgz", RST_TYPE_SVG, RST_FAMILY_IMAGE, RST_TYPE_GZIP, false},
    {"sxc", RST_TYPE_ODS, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"sxi", RST_TYPE_ODP, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"sxw", RST_TYPE_ODT, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"sys", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"tar", RST_TYPE_TAR, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"tbz", RST_TYPE_BZIP2, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"tbz2", RST_TYPE_BZIP2, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"tex", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"text", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"tgz", RST_TYPE_GZIP, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"tif", RST_TYPE_TIFF, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"tiff", RST_TYPE_TIFF, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"tsv", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"ttc", RST_TYPE_TRUETYPE, RST_FAMILY_FONT, RST_TYPE_UNKNOWN, false},
    {"ttf", RST_TYPE_TRUETYPE, RST_FAMILY_FONT, RST_TYPE_UNKNOWN, false},
    {"txt", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"txz", RST_TYPE_XZ, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"udf", RST_TYPE_ISO, RST_FAMILY_NONE, RST_TYPE_UNKNOWN, false},
    {"url", RST_TYPE_URL, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"vbe", RST_TYPE_VBSCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"vbs", RST_TYPE_VBSCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"vcf", RST_TYPE_VCARD, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"vcs", RST_TYPE_CALENDAR, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"vhd", RST_TYPE_VHD, RST_FAMILY_DISK, RST_TYPE_UNKNOWN, false},
    {"vhdx", RST_TYPE_VHDX, RST_FAMILY_DISK, RST_TYPE_UNKNOWN, false},
    {"vmdk", RST_TYPE_VMDK, RST_FAMILY_DISK, RST_TYPE_UNKNOWN, false},
    {"vsd", RST_TYPE_OLE, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"vsdx", RST_TYPE_PPTX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"wav", RST_TYPE_WAV, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"wbk", RST_TYPE_DOC, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"webm", RST_TYPE_MATROSKA, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"webp", RST_TYPE_WEBP, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"website", RST_TYPE_URL, RST_FAMILY_SHORTCUT, RST_TYPE_UNKNOWN, true},
    {"wim", RST_TYPE_WIM, RST_FAMILY_DISK, RST_TYPE_UNKNOWN, false},
    {"wma", RST_TYPE_ASF, RST_FAMILY_AUDIO, RST_TYPE_UNKNOWN, false},
    {"wmf", RST_TYPE_WMF, RST_FAMILY_IMAGE, RST_TYPE_UNKNOWN, false},
    {"wmv", RST_TYPE_ASF, RST_FAMILY_VIDEO, RST_TYPE_UNKNOWN, false},
    {"wmz", RST_TYPE_WMF, RST_FAMILY_IMAGE, RST_TYPE_GZIP, false},
    {"woff", RST_TYPE_WOFF, RST_FAMILY_FONT, RST_TYPE_UNKNOWN, false},
    {"woff2", RST_TYPE_WOFF, RST_FAMILY_FONT, RST_TYPE_UNKNOWN, false},
    {"ws", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"wsc", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"wsf", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"wsh", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, true},
    {"xar", RST_TYPE_XAR, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"xhtml", RST_TYPE_HTML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"xla", RST_TYPE_XLS, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"xlam", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xll", RST_TYPE_PROGRAM, RST_FAMILY_EXECUTABLE, RST_TYPE_UNKNOWN, true},
    {"xls", RST_TYPE_XLS, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"xlsb", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xlsm", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xlsx", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xlt", RST_TYPE_XLS, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"xltm", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xltx", RST_TYPE_XLSX, RST_FAMILY_OFFICE, RST_TYPE_ZIP, false},
    {"xlw", RST_TYPE_XLS, RST_FAMILY_OFFICE, RST_TYPE_OLE, false},
    {"xml", RST_TYPE_XML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"xps", RST_TYPE_EPUB, RST_FAMILY_DOCUMENT, RST_TYPE_ZIP, false},
    {"xsl", RST_TYPE_XML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"xslt", RST_TYPE_XML, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"xz", RST_TYPE_XZ, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"yaml", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"yml", RST_TYPE_TEXT, RST_FAMILY_TEXT, RST_TYPE_UNKNOWN, false},
    {"z", RST_TYPE_COMPRESS, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"zip", RST_TYPE_ZIP, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
    {"zsh", RST_TYPE_SCRIPT, RST_FAMILY_SCRIPT, RST_TYPE_UNKNOWN, false},
    {"zst", RST_TYPE_ZSTD, RST_FAMILY_ARCHIVE, RST_TYPE_UNKNOWN, false},
};

enum { LONGEST = 24 }; // octets of an ending that may be in the table, and more

static const rst_ending *find(const char *text, size_t n) {
    char word[LONGEST];
    if (n == 0 || n >= sizeof word) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        word[i] = (char)rst_lower((uint8_t)text[i]);
    }
    word[n] = 0;
    size_t low = 0;
    size_t high = sizeof endings / sizeof endings[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(word, endings[middle].ending);
        if (order == 0) {
            return &endings[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

// Octets of the blank that ends text[0..n): ASCII's, U+00A0, U+2000 to U+200F, U+3000. 0: none.
static size_t blank_before(const char *text, size_t n) {
    const uint8_t *end = (const uint8_t *)text + n;
    if (n >= 1 && rst_blank(end[-1])) {
        return 1;
    }
    if (n >= 2 && end[-2] == 0xc2 && end[-1] == 0xa0) {
        return 2;
    }
    if (n >= 3 && end[-3] == 0xe2 && end[-2] == 0x80 && end[-1] >= 0x80 && end[-1] <= 0x8f) {
        return 3;
    }
    return n >= 3 && memcmp(end - 3, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

// What Windows leaves out when it makes the file.
static size_t without_tail(const char *text, size_t n) {
    for (;;) {
        size_t blank = blank_before(text, n);
        if (blank == 0 && (n == 0 || text[n - 1] != '.')) {
            return n;
        }
        n -= blank > 0 ? blank : 1;
    }
}

// Where the last dot of text[0..n) is; n if there is none.
static size_t last_dot(const char *text, size_t n) {
    for (size_t i = n; i > 0; i--) {
        if (text[i - 1] == '.') {
            return i - 1;
        }
    }
    return n;
}

void rst_name_read(rst_name *out, const char *name) {
    memset(out, 0, sizeof *out);
    out->base = name;
    for (const char *p = name; *p != 0; p++) {
        if (*p == '/' || *p == '\\') {
            out->base = p + 1;
        }
    }
    out->full_n = strlen(out->base);
    out->base_n = without_tail(out->base, out->full_n);
    size_t dot = last_dot(out->base, out->base_n);
    if (dot == out->base_n) {
        return;
    }
    out->last = find(out->base + dot + 1, out->base_n - dot - 1);
    size_t stem = dot;
    for (size_t n = blank_before(out->base, stem); n > 0; n = blank_before(out->base, stem)) {
        out->blanks++;
        stem -= n;
    }
    size_t second = last_dot(out->base, stem);
    if (second != stem) {
        out->before = find(out->base + second + 1, stem - second - 1);
    }
}

// Words say less than marks: what is opened by its name may be any text, and what has no mark in
// its first octets is what its name says if that is worse. A name never makes anything harmless.
rst_type rst_name_type(const rst_name *name, rst_type content, bool text) {
    const rst_ending *e = name->last;
    if (e == NULL) {
        return content;
    }
    bool weak = content == RST_TYPE_UNKNOWN || content == RST_TYPE_TEXT ||
                content == RST_TYPE_HTML || content == RST_TYPE_XML;
    bool active = rst_family_active(e->family);
    if (weak && text && strcmp(e->ending, "com") == 0) {
        return content; // "example.com" is no program
    }
    if (weak && (active || e->family == RST_FAMILY_DISK)) {
        return e->type;
    }
    return active && content != RST_TYPE_UNKNOWN && content == e->carrier ? e->type : content;
}
