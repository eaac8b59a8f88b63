#!/usr/bin/perl
# Mounts the root file system of one container: an overlay whose lower layers may be idmapped.
#
#   mount-overlay.pl DIR BASE OPTIONS [disk:LIMIT:TAKEN:TEMPLATE | tmp-of:PID:START_TIME:ROOT] [id:]LOWER... [-- COMMAND...]
#
# DIR holds `upper`, `work` and `rootfs` (the mount point). With `disk:` the container writes to a disk of its own
# (container-disk.pl), and `upper` is the topmost of what lies below. With `tmp-of:` the overlay's /tmp goes over the one of a container
# that runs (attach-tmp.pl), whose user namespace has the map already. The first LOWER lies on top. One with `id:` is mounted so
# that an owner N on disk is BASE+N in the overlay: the layers on disk are shared by all containers, each of which has
# a range of ids of its own. Node has no such calls and mount(8) learns them in util-linux 2.39 only; perl-base is on
# every Debian and Ubuntu. No POSIX module: to load it takes five times as long as all of this.
#
# COMMAND, which starts the container, takes the place of this program: one fork of the platform less. What fails before is
# told in DIR/runtime.log then, where the command tells its own failures.
use strict;
use warnings;
use Config ();

my ($dir, $base, $options, @lowers) = @ARGV;
my @command;
for my $at (0 .. $#lowers) {
    next unless $lowers[$at] eq '--';
    @command = splice @lowers, $at;
    shift @command;
    last;
}
my $arm = $Config::Config{archname} =~ /^aarch64/;
my %call = (
    unshare => $arm ? 97 : 272, mount => $arm ? 40 : 165, umount2 => $arm ? 39 : 166,
    close => $arm ? 57 : 3, open_tree => 428, move_mount => 429, mount_setattr => 442,
);
my ($AT_FDCWD, $AT_EMPTY_PATH, $CLONE_NEWUSER) = (-100, 0x1000, 0x10000000);
my ($OPEN_TREE_CLONE, $O_CLOEXEC, $MOVE_MOUNT_F_EMPTY_PATH) = (1, 02000000, 4);
my ($RDONLY, $NOSUID, $NODEV, $IDMAP) = (1, 2, 4, 0x00100000);

my ($type, $target) = ('overlay', 'rootfs');

sub fail { my ($what) = @_; refuse("$what: $!") }

sub refuse {
    my ($text) = @_;
    if (@command and open my $log, '>>', 'runtime.log') { print $log "$text\n"; close $log }
    print STDERR "$text\n";
    exit 1;
}

sub mount_with { my ($data) = @_; return syscall($call{mount}, $type, $target, $type, $NOSUID | $NODEV, $data) == 0 }

# A user namespace is the only carrier of a map: a child makes one, we write its maps and keep a descriptor of it.
sub namespace_with_map {
    pipe(my $ready_read, my $ready_write) or fail('pipe');
    pipe(my $done_read, my $done_write) or fail('pipe');
    my $pid = fork // fail('fork');
    if (!$pid) {
        syscall($call{unshare}, $CLONE_NEWUSER) == 0 or exit 1;
        syswrite $ready_write, 'x';
        sysread $done_read, my $byte, 1;
        exit 0;
    }
    close $ready_write;
    sysread $ready_read, my $byte, 1 or fail('unshare a user namespace');
    for my $file ('uid_map', 'gid_map') {
        open my $map, '>', "/proc/$pid/$file" or fail($file);
        syswrite $map, "0 $base 65536\n" or fail($file);
        close $map;
    }
    open my $namespace, '<', "/proc/$pid/ns/user" or fail('open the user namespace');
    syswrite $done_write, 'x';
    waitpid $pid, 0;
    return $namespace;
}

chdir $dir or fail("enter $dir");
my $writable = '';
if (my ($limit, $taken, $template) = $lowers[0] =~ /^disk:(\d+):(\d+):(.*)/s) {
    require(__FILE__ =~ s/[^\/]*$/container-disk.pl/r);
    container_disk($template, $limit, $taken);
    ($writable, $lowers[0]) = ('disk/', 'upper');
}
my ($namespace, @target);
if (@target = $lowers[0] =~ /^tmp-of:(\d+):(\d+):(.*)/s) {
    require(__FILE__ =~ s/[^\/]*$/attach-tmp.pl/r);
    shift @lowers;
    open $namespace, '<', "/proc/$target[0]/ns/user" or fail('open the user namespace of the container');
}
my @mounted;
my $empty = '';
for my $lower (@lowers) {
    my $idmapped = $lower =~ s/^id://;
    my $fd = syscall($call{open_tree}, $AT_FDCWD, $lower, $OPEN_TREE_CLONE | $O_CLOEXEC);
    fail("open_tree $lower") if $fd < 0;
    if ($idmapped) {
        $namespace //= namespace_with_map();
        my $attributes = pack 'QQQQ', $IDMAP | $RDONLY | $NOSUID | $NODEV, 0, 0, fileno $namespace;
        syscall($call{mount_setattr}, $fd, $empty, $AT_EMPTY_PATH, $attributes, length $attributes) == 0
            or fail("idmap $lower");
    }
    my $target = 'lower-' . scalar @mounted;
    mkdir $target;
    syscall($call{move_mount}, $fd, $empty, $AT_FDCWD, $target, $MOVE_MOUNT_F_EMPTY_PATH) == 0
        or fail("move_mount $lower");
    syscall($call{close}, $fd);
    push @mounted, $target;
}

# `volatile` (Linux 5.10): the end of a container writes nothing to the disk, for which it would wait with all that the upper file system
# has open, and neither does an fsync in it. No upper folder is mounted a second time. Without it where the kernel does not
# know it or refuses (an earlier error of the disk).
# Relative names: no character of the data folder's path can mean something to overlay, and no page limit is near.
my $data = join ',', 'lowerdir=' . join(':', @mounted), "upperdir=${writable}upper", "workdir=${writable}work", grep { length } $options;
my $mounted = mount_with("$data,volatile") || mount_with($data);
my $error = $!;
# The overlay keeps clones of its own.
for my $lower (@mounted) {
    syscall($call{umount2}, $lower, 2);
    rmdir $lower;
}
$! = $error;
fail('mount the overlay') unless $mounted;
attach_tmp(@target) if @target;
exit 0 unless @command;
exec { $command[0] } @command or fail("run $command[0]");
