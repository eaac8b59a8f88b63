#!/usr/bin/perl
# Starts a program in a container of the `process` runtime, the way `crun exec` does for the others.
#
#   enter-container.pl KEEPER ROOT PROCESS_FILE PID_FILE LOG_FILE detach|stay
#
# KEEPER is the pid of the container's first process, whose namespaces are joined; ROOT the folder that becomes `/`.
# PROCESS_FILE holds fields that each end in NUL: uid, gid, folder, number of arguments, arguments, environment. Detached
# it ends once the program runs; else it waits for it and ends with its status. A program that cannot be started is a
# line in LOG_FILE and status 1: standard error is the program's.
use strict;
use warnings;
use Fcntl qw(F_SETFD FD_CLOEXEC);
use POSIX ();

my ($keeper, $root, $process_file, $pid_path, $log_path, $mode) = @ARGV;
open my $log, '>>', $log_path or die "open $log_path: $!\n";
my $arm = (POSIX::uname())[4] eq 'aarch64';
my %call = (setns => $arm ? 268 : 308, unshare => $arm ? 97 : 272, prctl => $arm ? 167 : 157);
my ($PR_SET_NO_NEW_PRIVS, $CLONE_NEWUSER) = (38, 0x10000000);
my $is_root = $> == 0;

sub fail { syswrite $log, "Cannot @_: $!\n"; exit 1 }
sub put { my ($file, $text) = @_; open my $out, '>', $file or return; syswrite $out, $text; close $out }

open my $in, '<', $process_file or fail("read $process_file");
my @fields = split /\0/, do { local $/; <$in> }, -1;
pop @fields;
my ($uid, $gid, $folder, $count, @rest) = @fields;
my @command = splice @rest, 0, $count;
open my $pid_file, '>', $pid_path or fail("write $pid_path");

# An ordinary user's rights over the others come with the user namespace, so that comes first.
my @kinds = $is_root ? ('pid', 'mnt') : ('user', 'pid', 'mnt');
my @namespaces = map { open my $ns, '<', "/proc/$keeper/ns/$_" or fail("open namespace $_"); $ns } @kinds;
for my $namespace (@namespaces) {
    syscall($call{setns}, fileno $namespace, 0) == 0 or fail('join the container');
}

pipe(my $error_read, my $error_write) or fail('pipe');
fcntl $error_write, F_SETFD, FD_CLOEXEC;
# Only a child is in the pid namespace.
my $pid = fork // fail('fork');
if (!$pid) {
    close $error_read;
    POSIX::setsid();
    if ($is_root) {
        chroot $root or give_up("enter $root");
        $( = $gid;
        $) = "$gid $gid";
        POSIX::setuid($uid);
    } else {
        # One id of ours is all there is: inside it has the number that it must have. The kernel refuses the namespace
        # to whoever has changed its root.
        syscall($call{unshare}, $CLONE_NEWUSER) == 0 or give_up('make a user namespace');
        put('/proc/self/setgroups', 'deny');
        put('/proc/self/uid_map', "$uid 0 1") or give_up('map the user');
        put('/proc/self/gid_map', "$gid 0 1") or give_up('map the group');
        chroot $root or give_up("enter $root");
    }
    syscall($call{prctl}, $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    chdir $folder or give_up("enter $folder");
    %ENV = map { /^([^=]*)=(.*)$/s ? ($1, $2) : () } @rest;
    exec {$command[0]} @command or give_up("start $command[0]");
}
sub give_up { syswrite $error_write, "@_: $!"; POSIX::_exit(1) }

close $error_write;
my $error = do { local $/; <$error_read> } // '';
if ($error ne '') { syswrite $log, "Cannot $error\n"; waitpid $pid, 0; exit 1 }
print $pid_file $pid;
close $pid_file;
exit 0 if $mode eq 'detach';
waitpid $pid, 0;
exit(($? & 127) ? 128 + ($? & 127) : $? >> 8);
