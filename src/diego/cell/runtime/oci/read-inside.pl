#!/usr/bin/perl
# Writes a regular file of a container to standard output, as a user of the container could read it.
#
#   read-inside.pl PID START_TIME UID GID LIMIT PATH
#
# PID, started at START_TIME, is the container's first process: its root is the container's. PATH is looked up by the kernel
# within that root, whatever links a tenant has put on the way (openat2), with the rights of the host's ids UID and GID, so
# no program need be started inside. 66: missing, no file, or not readable. 67: it holds more than LIMIT bytes (0: as many
# as it likes); a file with holes may.
# No POSIX module: to load it takes longer than all of this.
use strict;
use warnings;
use Config ();

my ($pid, $started, $uid, $gid, $limit, $path) = @ARGV;
my $SYS_openat2 = 437;
my $is_arm = $Config::Config{archname} =~ /^aarch64/;
my ($O_NONBLOCK, $O_DIRECTORY, $O_CLOEXEC) = (04000, $is_arm ? 040000 : 0200000, 02000000);
my ($RESOLVE_NO_MAGICLINKS, $RESOLVE_IN_ROOT) = (0x02, 0x10);
my $piece = 1048576;

sub give_up { my ($status, $text) = @_; print STDERR "$text\n"; exit $status }

# Field 22 of the stat line, after the name in brackets, which may hold anything.
sub start_time {
    open my $stat, '<', "/proc/$pid/stat" or return '';
    my $line = <$stat> // '';
    $line =~ s/^.*\) //s;
    return (split ' ', $line)[19] // '';
}

sysopen my $root, "/proc/$pid/root", $O_DIRECTORY or give_up(1, "enter the container: $!");
# Asked once its root is open: then it was no other process's.
give_up(1, 'the container has ended') if start_time() ne $started;
# In this order: whoever is no root any more may choose no group.
$) = "$gid $gid";
$> = $uid;
give_up(1, "become $uid: $!") unless $> == $uid and $) =~ /^$gid( $gid)*$/;
my $how = pack 'QQQ', $O_NONBLOCK | $O_CLOEXEC, 0, $RESOLVE_IN_ROOT | $RESOLVE_NO_MAGICLINKS;
my $fd = syscall $SYS_openat2, fileno $root, $path, $how, length $how;
give_up(66, "open: $!") if $fd < 0;
open my $file, '<&=', $fd or give_up(1, "open: $!");
-f $file or give_up(66, 'it is no file');

sub put {
    my ($bytes) = @_;
    for (my $at = 0; $at < length $bytes;) {
        my $written = syswrite STDOUT, $bytes, length($bytes) - $at, $at;
        give_up(1, "write: $!") unless defined $written;
        $at += $written;
    }
}

my $total = 0;
while (1) {
    my $read = sysread $file, my $bytes, $piece;
    give_up(1, "read: $!") unless defined $read;
    last if $read == 0;
    $total += $read;
    give_up(67, "it holds more than $limit bytes") if $limit > 0 and $total > $limit;
    put($bytes);
}
