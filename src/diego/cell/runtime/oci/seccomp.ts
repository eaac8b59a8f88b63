/**
 * The system calls that a process in a container may make. What is not listed fails with ENOSYS, so that calls of
 * later kernels are closed and programs take their older way; what is refused by name fails with EPERM. Tighter than
 * the original's: no ptrace, no key ring, no performance counters, only common socket families.
 */
const allowed = `accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown
clock_getres clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve
execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat
fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex
futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents
getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr
inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup
io_submit ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr
link linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier
memfd_create mincore mkdir mkdirat mlock mlock2 mlockall mmap mprotect mremap msgctl msgget msgrcv msgsnd msync munlock
munlockall munmap nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc
pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pwrite64 pwritev
pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr rename
renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto
set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt shmget shutdown
sigaltstack signalfd signalfd4 socketpair splice stat statfs statx symlink symlinkat sync sync_file_range syncfs
sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork vmsplice
wait4 waitid write writev`;

// POSIX message queues too: their limit is charged to whoever made the user namespace, so one container could take
// them from all others.
const refused = `mount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr chroot
unshare setns bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key
request_key init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl
quotactl_fd lookup_dcookie open_by_handle_at name_to_handle_at settimeofday clock_settime clock_adjtime adjtimex
sethostname setdomainname iopl ioperm modify_ldt syslog uselib ustat sysfs vhangup move_pages migrate_pages mbind
set_mempolicy set_mempolicy_home_node get_mempolicy fanotify_init fanotify_mark ptrace process_vm_readv
process_vm_writev process_madvise kcmp pidfd_getfd memfd_secret mq_open mq_unlink mq_timedsend mq_timedreceive
mq_notify mq_getsetattr`;

const namespaceFlags = 0x7e02_0000;
const fileTypeMask = 0o170000;
const plainFileTypes = [0o010000, 0o140000, 0o100000, 0];
const socketFamilies = { unix: 1, inet: 2, inet6: 10, netlink: 16 };
const personalities = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];
const TIOCSTI = 0x5412;
const ENOSYS = 38;
const EPERM = 1;

const architectures: Readonly<Record<string, string>> = {
  x64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
};

export function seccompProfile(arch: string): object {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [architectures[arch] ?? "SCMP_ARCH_NATIVE"],
    syscalls: [
      { names: allowed.split(/\s+/), action: "SCMP_ACT_ALLOW" },
      { names: refused.split(/\s+/), action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      // glibc falls back to clone, whose flags a filter can read.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      allowWhere("clone", 0, { mask: namespaceFlags, value: 0 }),
      ...personalities.map((value) => allowWhere("personality", 0, { value })),
      ...Object.values(socketFamilies).map((value) => allowWhere("socket", 0, { value })),
      ...plainFileTypes.flatMap((value) => [
        allowWhere("mknod", 1, { mask: fileTypeMask, value }),
        allowWhere("mknodat", 2, { mask: fileTypeMask, value }),
      ]),
      {
        names: ["ioctl"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 1, value: TIOCSTI, op: "SCMP_CMP_NE" }],
      },
    ],
  };
}

function allowWhere(
  name: string,
  index: number,
  condition: { readonly value: number; readonly mask?: number },
): object {
  const { value, mask } = condition;
  const comparison =
    mask === undefined
      ? { index, value, op: "SCMP_CMP_EQ" }
      : { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
  return { names: [name], action: "SCMP_ACT_ALLOW", args: [comparison] };
}
