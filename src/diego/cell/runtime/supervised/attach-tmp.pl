#!/usr/bin/perl
# Puts the `/tmp` of an overlay over the `/tmp` that a container sees. Run by mount-overlay.pl, in whose folder `rootfs` is the overlay.
#
#   attach-tmp.pl PID START_TIME ROOT
#
# PID, started at START_TIME, is the container's first process; ROOT is where its root stands in its mount namespace, empty for
# the top. What is mounted below /tmp there (lifecycle, buildpacks) appears over the new one as well. The overlay is seen by the
# container alone afterwards and goes with its mount namespace. No POSIX module: to load it takes longer than all of this.
use strict;
use warnings;
use Config ();

my ($pid, $started, $root) = @ARGV;
my $arm = $Config::Config{archname} =~ /^aarch64/;
my %call = (
    umount2 => $arm ? 39 : 166, setns => $arm ? 268 : 308, open_tree => 428, move_mount => 429,
);
my ($AT_FDCWD, $OPEN_TREE_CLONE, $O_CLOEXEC, $CLONE_NEWNS) = (-100, 1, 02000000, 0x00020000);
my ($MNT_DETACH, $MOVE_MOUNT_F_EMPTY_PATH) = (2, 4);
my ($empty, $overlay, $new) = ('', 'rootfs', 'rootfs/tmp');

sub fail { my ($what) = @_; print STDERR "$what: $!\n"; exit 1 }

# Field 22 of the stat line, after the name in brackets, which may hold anything.
sub start_time {
    open my $stat, '<', "/proc/$pid/stat" or return '';
    my $line = <$stat> // '';
    $line =~ s/^.*\) //s;
    return (split ' ', $line)[19] // '';
}

# The places below /tmp, as the container's namespace names them; later mounts hide earlier ones of the same place.
sub places_below_tmp {
    open my $info, '<', "/proc/$pid/mountinfo" or fail('read the mounts of the container');
    my (%seen, @places);
    while (my $line = <$info>) {
        my $place = (split ' ', $line)[4];
        $place =~ s/\\(\d{3})/chr oct $1/ge;
        next unless index($place, "$root/tmp/") == 0 and !$seen{$place}++;
        push @places, $place;
    }
    return sort @places;
}

sub clone { my ($path) = @_; return syscall $call{open_tree}, $AT_FDCWD, $path, $OPEN_TREE_CLONE | $O_CLOEXEC }

sub attach {
    my ($fd, $place) = @_;
    syscall($call{move_mount}, $fd, $empty, $AT_FDCWD, $place, $MOVE_MOUNT_F_EMPTY_PATH) == 0
        or fail("mount over $place");
}

my $tmp = clone($new);
my $error = $!;
# The clone holds it: nobody but the container sees it from here on.
syscall($call{umount2}, $overlay, $MNT_DETACH);
$! = $error;
fail('clone the new /tmp') if $tmp < 0;
open my $namespace, '<', "/proc/$pid/ns/mnt" or fail('open the mount namespace of the container');
my @places = places_below_tmp();
# Asked once its namespace is open: then it was no other process's.
if (start_time() ne $started) { print STDERR "the container has ended\n"; exit 1 }
syscall($call{setns}, fileno $namespace, $CLONE_NEWNS) == 0 or fail('enter the mount namespace of the container');
my @kept;
for my $place (@places) {
    my $fd = clone($place);
    fail("clone $place") if $fd < 0;
    push @kept, [$fd, $place];
}
attach($tmp, "$root/tmp");
attach(@$_) for @kept;
