# Puts the `/tmp` of an overlay over the `/tmp` that a container sees. Loaded by mount-overlay.pl, in whose folder `rootfs` is the
# overlay.
#
#   attach_tmp(PID, START_TIME, ROOT)
#
# PID, started at START_TIME, is the container's first process; ROOT is where its root stands in its mount namespace, empty for
# the top. What is mounted below /tmp there (lifecycle, buildpacks) appears over the new one as well. The overlay is seen by the
# container alone afterwards and goes with its mount namespace.
use strict;
use warnings;

my $is_arm = $Config::Config{archname} =~ /^aarch64/;
my ($SYS_umount2, $SYS_setns, $SYS_open_tree, $SYS_move_mount) = ($is_arm ? (39, 268) : (166, 308), 428, 429);
my ($AT_FDCWD, $OPEN_TREE_CLONE, $O_CLOEXEC, $CLONE_NEWNS) = (-100, 1, 02000000, 0x00020000);
my ($MNT_DETACH, $MOVE_MOUNT_F_EMPTY_PATH) = (2, 4);

sub attach_tmp {
    my ($pid, $started, $root) = @_;
    my ($overlay, $new) = ('rootfs', 'rootfs/tmp');
    my $tmp = clone_mount($new);
    my $error = $!;
    # The clone holds it: nobody but the container sees it from here on.
    syscall($SYS_umount2, $overlay, $MNT_DETACH);
    $! = $error;
    fail('clone the new /tmp') if $tmp < 0;
    open my $namespace, '<', "/proc/$pid/ns/mnt" or fail('open the mount namespace of the container');
    my @places = places_below_tmp($pid, $root);
    # Asked once its namespaces are open: then they were no other process's.
    refuse('the container has ended') if start_time($pid) ne $started;
    syscall($SYS_setns, fileno $namespace, $CLONE_NEWNS) == 0 or fail('enter the mount namespace of the container');
    my @kept;
    for my $place (@places) {
        my $fd = clone_mount($place);
        fail("clone $place") if $fd < 0;
        push @kept, [$fd, $place];
    }
    attach($tmp, "$root/tmp");
    attach(@$_) for @kept;
}

# Field 22 of the stat line, after the name in brackets, which may hold anything.
sub start_time {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return '';
    my $line = <$stat> // '';
    $line =~ s/^.*\) //s;
    return (split ' ', $line)[19] // '';
}

# The places below /tmp, as the container's namespace names them; later mounts hide earlier ones of the same place.
sub places_below_tmp {
    my ($pid, $root) = @_;
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

sub clone_mount { my ($path) = @_; return syscall $SYS_open_tree, $AT_FDCWD, $path, $OPEN_TREE_CLONE | $O_CLOEXEC }

sub attach {
    my ($fd, $place) = @_;
    my $empty = '';
    syscall($SYS_move_mount, $fd, $empty, $AT_FDCWD, $place, $MOVE_MOUNT_F_EMPTY_PATH) == 0 or fail("mount over $place");
}

1;
