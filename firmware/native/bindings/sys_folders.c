// _sys: calls by path, and what is asked of a whole file system.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "sys.h"

// From the kernel's fs/ext4/ext4.h; no exported header has it. The argument counts blocks.
#define EXT4_RESIZE _IOW('f', 16, uint64_t)
// Unit of /sys/dev/block/<major>:<minor>/size.
#define SECTOR_OCTETS 512

static mp_obj_t sys_stat(mp_obj_t path) {
    struct stat info;
    rst_sys_check(stat(mp_obj_str_get_str(path), &info));
    mp_obj_t items[5] = {
        rst_sys_octets(info.st_mode),          rst_sys_octets(info.st_uid),
        rst_sys_octets(info.st_gid),           rst_sys_octets((uint64_t)info.st_size),
        mp_obj_new_int_from_ll(info.st_mtime),
    };
    return mp_obj_new_tuple(5, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_stat_obj, sys_stat);

static mp_obj_t sys_mkdir(mp_obj_t path, mp_obj_t mode) {
    rst_sys_check(mkdir(mp_obj_str_get_str(path), (mode_t)mp_obj_get_int(mode)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_mkdir_obj, sys_mkdir);

static mp_obj_t sys_chmod(mp_obj_t path, mp_obj_t mode) {
    rst_sys_check(chmod(mp_obj_str_get_str(path), (mode_t)mp_obj_get_int(mode)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_chmod_obj, sys_chmod);

static mp_obj_t sys_chown(mp_obj_t path, mp_obj_t uid, mp_obj_t gid) {
    uid_t user = (uid_t)mp_obj_get_int(uid);
    rst_sys_check(lchown(mp_obj_str_get_str(path), user, (gid_t)mp_obj_get_int(gid)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(rst_sys_chown_obj, sys_chown);

static mp_obj_t sys_unlink(mp_obj_t path) {
    rst_sys_check(unlink(mp_obj_str_get_str(path)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_unlink_obj, sys_unlink);

static mp_obj_t sys_link(mp_obj_t from, mp_obj_t to) {
    rst_sys_check(link(mp_obj_str_get_str(from), mp_obj_str_get_str(to)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_link_obj, sys_link);

static void append_names(DIR *folder, mp_obj_t list) {
    struct dirent *entry;
    while (errno = 0, (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            mp_obj_list_append(list, mp_obj_new_str_from_cstr(entry->d_name));
        }
    }
    rst_sys_check(errno == 0 ? 0 : -1);
}

static mp_obj_t sys_listdir(mp_obj_t path) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    DIR *folder = opendir(mp_obj_str_get_str(path));
    rst_sys_check(folder == NULL ? -1 : 0);
    // The list may not fit the heap, a name may not be UTF-8: the folder is closed all the same.
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        append_names(folder, list);
        nlr_pop();
        closedir(folder);
        return list;
    }
    closedir(folder);
    nlr_jump(nlr.ret_val);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_listdir_obj, sys_listdir);

static mp_obj_t sys_free_octets(mp_obj_t path) {
    struct statvfs info;
    rst_sys_check(statvfs(mp_obj_str_get_str(path), &info));
    return rst_sys_octets((uint64_t)info.f_bavail * info.f_frsize);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_free_octets_obj, sys_free_octets);

// Octets of the block device that holds the open file; 0 with errno set if it is not known.
static uint64_t device_octets(int fd) {
    struct stat info;
    if (fstat(fd, &info) == -1) {
        return 0;
    }
    char path[64];
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/size", major(info.st_dev),
             minor(info.st_dev));
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    unsigned long long sectors = 0;
    int fields = fscanf(file, "%llu", &sectors);
    fclose(file);
    errno = fields == 1 ? 0 : EIO;
    return fields == 1 ? (uint64_t)sectors * SECTOR_OCTETS : 0;
}

// Grows the file system of `fd` to its partition. Fills sizes before and after; -1 and errno.
static int grow(int fd, uint64_t *before, uint64_t *after) {
    struct statvfs info;
    uint64_t device = device_octets(fd);
    if (device == 0 || fstatvfs(fd, &info) == -1) {
        return -1;
    }
    *before = (uint64_t)info.f_blocks * info.f_frsize;
    uint64_t blocks = device / info.f_bsize;
    if (ioctl(fd, EXT4_RESIZE, &blocks) == -1 || fstatvfs(fd, &info) == -1) {
        return -1;
    }
    *after = (uint64_t)info.f_blocks * info.f_frsize;
    return 0;
}

static mp_obj_t sys_ext4_resize(mp_obj_t path) {
    uint64_t before = 0;
    uint64_t after = 0;
    int fd = open(mp_obj_str_get_str(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rst_sys_check(fd);
    int result = grow(fd, &before, &after);
    int error = errno;
    close(fd);
    if (result == -1) {
        mp_raise_OSError(error);
    }
    mp_obj_t items[2] = {rst_sys_octets(before), rst_sys_octets(after)};
    return mp_obj_new_tuple(2, items);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_ext4_resize_obj, sys_ext4_resize);
