# The disk of one container: an ext4 file system in a file, so that its limit is the kernel's to keep. Loaded by
# mount-overlay.pl, whose working folder is the container's.
#
#   container_disk(TEMPLATE, LIMIT, TAKEN): mounts a copy of TEMPLATE at `disk`, with `upper` and `work` in it
#
# LIMIT and TAKEN are bytes. What lies in layers counts as the container's, as in Garden, where it is extracted into it:
# TAKEN bytes, and whatever the template is larger than LIMIT, are reserved by a file that no container sees. The copy
# has holes: it takes of the machine's disk what is written to it. When the last user of the mount ends, also by
# kill -9, the loop device lets go of the file (AUTOCLEAR).
use strict;
use warnings;

my $is_arm = $Config::Config{archname} =~ /^aarch64/;
my ($SYS_mount, $SYS_statfs, $SYS_fallocate) = $is_arm ? (40, 43, 47) : (165, 137, 285);
my ($O_RDWR, $SEEK_DATA, $SEEK_HOLE, $EBUSY) = (2, 3, 4, 16);
my ($LOOP_CTL_GET_FREE, $LOOP_CONFIGURE, $LO_FLAGS_AUTOCLEAR) = (0x4C82, 0x4C0A, 4);
my ($NOSUID, $NODEV, $NOATIME) = (2, 4, 1024);
# No flush reaches the machine's disk: after a crash of the machine nobody wants the content back.
my $mount_options = 'nobarrier,data=writeback';

sub container_disk {
    my ($template, $limit, $taken) = @_;
    if ($taken >= $limit) {
        refuse("disk quota exceeded: its files take $taken bytes, its limit is $limit");
    }
    copy_sparse($template, 'disk.img');
    my ($device, $handle) = loop_device('disk.img');
    mkdir 'disk', 0755 or fail('make the mount point of the disk');
    my ($target, $type) = ('disk', 'ext4');
    syscall($SYS_mount, $device, $target, $type, $NOSUID | $NODEV | $NOATIME, $mount_options) == 0
        or fail("mount the disk $device");
    my $excess = available('disk') - ($limit - $taken);
    fail("the disk is too small by $excess bytes") if $excess < 0;
    open my $reserved, '>', 'disk/reserved' or fail('reserve');
    chmod 0600, 'disk/reserved';
    if ($excess > 0) {
        syscall($SYS_fallocate, fileno $reserved, 0, 0, $excess) == 0 or fail('reserve what is taken');
    }
    for my $folder ('disk/upper', 'disk/work') { mkdir $folder, 0755 or fail($folder) }
}

sub copy_sparse {
    my ($from, $to) = @_;
    open my $in, '<', $from or fail("open $from");
    open my $out, '>', $to or fail("make $to");
    chmod 0600, $to;
    my $size = -s $in;
    my $position = 0;
    while ($position < $size and defined(my $data = sysseek $in, $position, $SEEK_DATA)) {
        my $hole = sysseek $in, $data, $SEEK_HOLE;
        sysseek $in, $data, 0;
        sysseek $out, $data, 0;
        for (my $left = $hole - $data; $left > 0;) {
            my $read = sysread $in, my $bytes, $left < 1048576 ? $left : 1048576;
            fail("read $from") unless $read;
            (syswrite($out, $bytes) // 0) == $read or fail("write $to");
            $left -= $read;
        }
        $position = $hole;
    }
    truncate $out, $size or fail("size $to");
}

# Its handle keeps the device until it is mounted.
sub loop_device {
    my ($file) = @_;
    sysopen my $control, '/dev/loop-control', $O_RDWR or fail('open /dev/loop-control');
    sysopen my $image, $file, $O_RDWR or fail("open $file");
    # struct loop_config: fd, block size, struct loop_info64 with its flags as the eighth field of four bytes, reserved
    my $info = pack 'Q5 L4', 0, 0, 0, 0, 0, 0, 0, 0, $LO_FLAGS_AUTOCLEAR;
    my $config = pack('L2', fileno $image, 4096) . $info . "\0" x (176 + 64);
    # Somebody else may take the free one first.
    for (1 .. 100) {
        my $number = ioctl $control, $LOOP_CTL_GET_FREE, 0;
        fail('find a free loop device') unless defined $number;
        my $device = '/dev/loop' . ($number + 0);
        sysopen my $handle, $device, $O_RDWR or fail("open $device");
        return ($device, $handle) if ioctl $handle, $LOOP_CONFIGURE, $config;
        fail("configure $device") unless $! == $EBUSY;
    }
    fail('take a loop device');
}

sub available {
    my ($path) = @_;
    my $buffer = "\0" x 256;
    syscall($SYS_statfs, $path, $buffer) == 0 or fail('ask for the space of the disk');
    my (undef, $block_size, undef, undef, $free) = unpack 'q2 Q3', $buffer;
    return $block_size * $free;
}

1;
