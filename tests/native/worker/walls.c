// Tries what a walled-in process may do: walls WALL ACTION.
//   WALL    none, enclosed, worker, gate, console
//   ACTION  see the table below
// The action is done in a child; prints "done N" (its exit code: 0 worked, else errno) or
// "killed N" (signal).
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../../../firmware/native/worker/sandbox.h"
#include "../../../firmware/native/worker/seccomp.h"

static uint8_t *page; // mapped before the walls go up
static int terminal;  // opened before, too

static long open_file(void) {
    return open("/dev/null", O_RDONLY);
}
static long write_out(void) {
    return write(RST_SANDBOX_SOCKET, "x", 1);
}
static long send_out(void) {
    return send(RST_SANDBOX_SOCKET, "x", 1, 0);
}
static long read_in(void) {
    char octet;
    return read(RST_SANDBOX_SOCKET, &octet, 1);
}
static long give_back(void) {
    return munmap(page, 4096);
}
static long allocate(void) {
    return malloc(16 * 1024 * 1024) == NULL ? -1 : 0;
}
static long map(void) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
}
static long map_code(void) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
}
static long make_code(void) {
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static long fork_child(void) {
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return child;
}
static long execute(void) {
    char *words[] = {"/bin/true", NULL};
    return execve(words[0], words, words + 1);
}
static long internet(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}
static long packets(void) {
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static long netlink(void) {
    return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long listening(void) {
    return listen(RST_SANDBOX_SOCKET, 1);
}
// Of a socket both fail, but only one may be asked.
static long grow(void) {
    return fallocate(RST_SANDBOX_SOCKET, 0, 0, 4096) == -1 && errno == ENODEV ? 0 : -1;
}
static long punch(void) {
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    return fallocate(RST_SANDBOX_SOCKET, mode, 0, 4096);
}
static long inject_keys(void) {
    char key = 'x';
    return ioctl(STDIN_FILENO, TIOCSTI, &key);
}
static long set_terminal(void) {
    struct termios state;
    return tcgetattr(terminal, &state) | tcsetattr(terminal, TCSANOW, &state);
}
static long duplicate(void) {
    for (int i = 0; i < RST_SANDBOX_SOCKET; i++) {
        dup(RST_SANDBOX_SOCKET); // 0, 1 and 2 may be free
    }
    return dup(RST_SANDBOX_SOCKET);
}
static long kill_parent(void) {
    return kill(getppid(), 0);
}
static long get_id(void) {
    return syscall(SYS_getpid);
}
#if defined(__x86_64__)
static long x32_read(void) {
    return syscall(0x40000000L | SYS_read, -1, NULL, 0) == -1 ? 0 : 1;
}
// The same number means another call to another architecture: 20 is getpid on i386, writev here.
static long i386_getpid(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
    return result > 0 ? 0 : -1;
}
#endif

static const struct {
    const char *name;
    long (*act)(void);
} actions[] = {
    {"open", open_file},     {"write", write_out},       {"send", send_out},
    {"read", read_in},       {"munmap", give_back},      {"malloc", allocate},
    {"mmap", map},           {"mmap-exec", map_code},    {"mprotect-exec", make_code},
    {"fork", fork_child},    {"exec", execute},          {"internet", internet},
    {"packet", packets},     {"netlink", netlink},       {"listen", listening},
    {"inject", inject_keys}, {"terminal", set_terminal}, {"dup", duplicate},
    {"kill", kill_parent},   {"getpid", get_id},         {"grow", grow},
    {"punch", punch},
#if defined(__x86_64__)
    {"x32", x32_read},       {"i386", i386_getpid},
#endif
};

static int put_up(const char *wall, int connection) {
    if (strcmp(wall, "enclosed") == 0) {
        return rst_sandbox_enclose(connection, getppid());
    }
    if (strcmp(wall, "worker") == 0) {
        return rst_sandbox_enclose(connection, getppid()) == -1 ? -1
                                                                : rst_sandbox_seal(1000, 4096);
    }
    if (dup2(connection, RST_SANDBOX_SOCKET) == -1) {
        return -1;
    }
    const rst_profile *profile = rst_profile_named(wall);
    return profile == NULL ? 0 : rst_seccomp_install(profile);
}

static int find(const char *name) {
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int child(const char *wall, int action, int connection) {
    if (put_up(wall, connection) == -1) {
        return 255;
    }
    errno = 0;
    return actions[action].act() == -1 ? errno : 0;
}

int main(int argc, char **argv) {
    int action = argc == 3 ? find(argv[2]) : -1;
    if (action == -1) {
        fputs("usage: walls WALL ACTION\n", stderr);
        return 2;
    }
    int pair[2], status;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 || write(pair[0], "y", 1) != 1 ||
        master == -1 || grantpt(master) == -1 || unlockpt(master) == -1 ||
        (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) == -1) {
        perror("walls");
        return 2;
    }
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(argv[1], action, pair[1]));
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("killed %d\n", WTERMSIG(status));
    } else {
        printf("done %d\n", WEXITSTATUS(status));
    }
    return 0;
}
