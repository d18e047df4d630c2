// _sys: sockets by descriptor, as asyncio's poll takes them.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"

#include "sys.h"

// linux/netfilter_ipv4.h; not included, since it clashes with netinet/in.h in some C libraries.
#define SO_ORIGINAL_DST 80

static mp_obj_t address_tuple(const struct sockaddr_in *address) {
    if (address->sin_family != AF_INET) {
        mp_raise_OSError(EAFNOSUPPORT);
    }
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
    mp_obj_t items[2] = {
        mp_obj_new_str_from_cstr(text),
        MP_OBJ_NEW_SMALL_INT(ntohs(address->sin_port)),
    };
    return mp_obj_new_tuple(2, items);
}

static mp_obj_t sys_original_dst(mp_obj_t fd) {
    struct sockaddr_in address = {0};
    socklen_t n = sizeof address;
    int result = getsockopt((int)mp_obj_get_int(fd), IPPROTO_IP, SO_ORIGINAL_DST, &address, &n);
    rst_sys_check(result);
    return address_tuple(&address);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_original_dst_obj, sys_original_dst);

static mp_obj_t sys_sockname(mp_obj_t fd) {
    struct sockaddr_in address = {0};
    socklen_t n = sizeof address;
    rst_sys_check(getsockname((int)mp_obj_get_int(fd), (struct sockaddr *)&address, &n));
    return address_tuple(&address);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_sockname_obj, sys_sockname);

static mp_obj_t sys_peername(mp_obj_t fd) {
    struct sockaddr_in address = {0};
    socklen_t n = sizeof address;
    rst_sys_check(getpeername((int)mp_obj_get_int(fd), (struct sockaddr *)&address, &n));
    return address_tuple(&address);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_peername_obj, sys_peername);

static mp_obj_t sys_shutdown(mp_obj_t fd, mp_obj_t how) {
    rst_sys_check(shutdown((int)mp_obj_get_int(fd), (int)mp_obj_get_int(how)));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(rst_sys_shutdown_obj, sys_shutdown);

static mp_obj_t sys_so_error(mp_obj_t fd) {
    int error = 0;
    socklen_t n = sizeof error;
    rst_sys_check(getsockopt((int)mp_obj_get_int(fd), SOL_SOCKET, SO_ERROR, &error, &n));
    return MP_OBJ_NEW_SMALL_INT(error);
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_so_error_obj, sys_so_error);

static mp_obj_t sys_set_nonblocking(mp_obj_t fd_in) {
    int fd = (int)mp_obj_get_int(fd_in);
    int flags = fcntl(fd, F_GETFL);
    rst_sys_check(flags);
    rst_sys_check(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_set_nonblocking_obj, sys_set_nonblocking);

// ---- UNIX sockets ----

static struct sockaddr_un unix_address(mp_obj_t path_in) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n;
    const char *path = mp_obj_str_get_data(path_in, &n);
    if (n == 0 || n >= sizeof address.sun_path || memchr(path, 0, n) != NULL) {
        mp_raise_OSError(ENAMETOOLONG);
    }
    memcpy(address.sun_path, path, n);
    return address;
}

static int unix_socket(bool seq) {
    int type = (seq ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(AF_UNIX, type, 0);
    rst_sys_check(fd);
    return fd;
}

static void close_and_raise(int fd) {
    int error = errno;
    close(fd);
    mp_raise_OSError(error);
}

// Binds in place of a socket that an earlier run left. Nobody can connect before listen(), so the
// mode is set in time.
static int bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode, int backlog) {
    struct stat old;
    if (lstat(address->sun_path, &old) == 0 && S_ISSOCK(old.st_mode)) {
        unlink(address->sun_path);
    }
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == -1 ||
        chmod(address->sun_path, mode) == -1) {
        return -1;
    }
    return listen(fd, backlog);
}

static mp_obj_t sys_unix_listen(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    enum { PATH, MODE, BACKLOG, SEQ };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_path, MP_ARG_REQUIRED | MP_ARG_OBJ, {0}},
        {MP_QSTR_mode, MP_ARG_REQUIRED | MP_ARG_INT, {0}},
        {MP_QSTR_backlog, MP_ARG_REQUIRED | MP_ARG_INT, {0}},
        {MP_QSTR_seq, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, args, keywords, MP_ARRAY_SIZE(allowed), allowed, values);
    struct sockaddr_un address = unix_address(values[PATH].u_obj);
    int fd = unix_socket(values[SEQ].u_bool);
    if (bind_and_listen(fd, &address, (mode_t)values[MODE].u_int, (int)values[BACKLOG].u_int)) {
        close_and_raise(fd);
    }
    return MP_OBJ_NEW_SMALL_INT(fd);
}
MP_DEFINE_CONST_FUN_OBJ_KW(rst_sys_unix_listen_obj, 1, sys_unix_listen);

static mp_obj_t sys_unix_connect(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    enum { PATH, SEQ };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_path, MP_ARG_REQUIRED | MP_ARG_OBJ, {0}},
        {MP_QSTR_seq, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t values[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, args, keywords, MP_ARRAY_SIZE(allowed), allowed, values);
    struct sockaddr_un address = unix_address(values[PATH].u_obj);
    int fd = unix_socket(values[SEQ].u_bool);
    // A UNIX socket connects at once or says EAGAIN when the backlog is full: never "in progress".
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == -1) {
        close_and_raise(fd);
    }
    return MP_OBJ_NEW_SMALL_INT(fd);
}
MP_DEFINE_CONST_FUN_OBJ_KW(rst_sys_unix_connect_obj, 1, sys_unix_connect);

static mp_obj_t sys_accept(mp_obj_t fd_in) {
    int fd = accept4((int)mp_obj_get_int(fd_in), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // A caller that is gone before we took it is no error of ours.
    bool nobody = fd == -1 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED);
    return nobody ? mp_const_none : MP_OBJ_NEW_SMALL_INT(rst_sys_check(fd));
}
MP_DEFINE_CONST_FUN_OBJ_1(rst_sys_accept_obj, sys_accept);

enum { MOST_SENT = 2 }; // descriptors in one message

static mp_obj_t sys_send_fd(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(args[1], &info, MP_BUFFER_READ);
    int fds[MOST_SENT];
    size_t n_fds = n_args - 2;
    for (size_t i = 0; i < n_fds; i++) {
        fds[i] = (int)mp_obj_get_int(args[2 + i]);
    }
    union {
        struct cmsghdr header; // aligns the octets
        char octets[CMSG_SPACE(sizeof fds)];
    } control = {0};
    struct iovec part = {.iov_base = info.buf, .iov_len = info.len};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.octets,
        .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
    ssize_t n = sendmsg((int)mp_obj_get_int(args[0]), &message, MSG_NOSIGNAL);
    return MP_OBJ_NEW_SMALL_INT(rst_sys_check(n));
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(rst_sys_send_fd_obj, 3, 2 + MOST_SENT, sys_send_fd);
