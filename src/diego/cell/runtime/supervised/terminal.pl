# A terminal inside a container. Given to the container's own perl as its program, run as the user that the terminal is for:
# what it can do, that user can.
#
#   perl -e PROGRAM COLUMNS ROWS FOLDER COMMAND [ARGUMENT...]
#
# Standard input carries frames: a letter, the length of what follows (16 bits, network order), and `d` bytes that were
# typed or `w` the window's columns and rows (16 bits each). Standard output carries what the terminal shows. It ends as
# COMMAND does, with its status (128 + n for a signal), or at the end of its input: the kernel then hangs the terminal up.
# Both ways at most 128 KiB wait here; beyond that the writer waits. What is typed gets through a flood of output.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK O_RDWR O_NOCTTY);
use POSIX ();

my ($columns, $rows, $folder, @command) = @ARGV;
my ($TIOCSPTLCK, $TIOCGPTN, $TIOCSCTTY, $TIOCSWINSZ) = (0x40045431, 0x80045430, 0x540e, 0x5414);
my $most = 65536;
$0 = 'terminal';
$SIG{PIPE} = 'IGNORE';

sub fail { syswrite STDERR, "Cannot @_: $!\n"; exit 126 }
sub size { my ($to, $c, $r) = @_; my $window = pack 'S4', $r, $c, 0, 0; ioctl $to, $TIOCSWINSZ, $window }
sub unblock { fcntl $_[0], F_SETFL, O_NONBLOCK | fcntl $_[0], F_GETFL, 0 }

sysopen my $pty, '/dev/ptmx', O_RDWR | O_NOCTTY or fail('open /dev/ptmx');
my $number = pack 'i', 0;
ioctl $pty, $TIOCSPTLCK, $number or fail('unlock the terminal');
ioctl $pty, $TIOCGPTN, $number or fail('number the terminal');
my $name = '/dev/pts/' . unpack 'i', $number;
size($pty, $columns, $rows);

my $pid = fork // fail('fork');
if (!$pid) {
    POSIX::setsid();
    $SIG{PIPE} = 'DEFAULT';
    open my $tty, '+<', $name or fail("open $name");
    my $none = 0;
    ioctl $tty, $TIOCSCTTY, $none;
    open STDIN, '<&', $tty;
    open STDOUT, '>&', $tty;
    open STDERR, '>&', $tty;
    close $tty;
    close $pty;
    chdir $folder or print STDERR "Cannot enter $folder: $!\n";
    exec {$command[0]} @command or print STDERR "Cannot run $command[0]: $!\n";
    POSIX::_exit(127);
}

unblock($_) for $pty, \*STDIN, \*STDOUT;
my ($frames, $typed, $shown) = ('', '', '');
while (1) {
    my ($read, $write) = ('', '');
    vec($read, 0, 1) = 1 if length $frames < $most and length $typed < $most;
    vec($read, fileno $pty, 1) = 1 if length $shown < $most;
    vec($write, 1, 1) = 1 if length $shown;
    vec($write, fileno $pty, 1) = 1 if length $typed;
    next if select($read, $write, undef, undef) < 0;
    if (vec $read, 0, 1) {
        my $count = sysread STDIN, $frames, $most, length $frames;
        exit 129 if defined $count ? $count == 0 : !$!{EAGAIN};
        while (my ($kind, $length) = unpack 'an', $frames) {
            last unless defined $length and length $frames >= 3 + $length;
            my $content = substr substr($frames, 0, 3 + $length, ''), 3;
            if ($kind eq 'd') { $typed .= $content }
            elsif ($kind eq 'w' and $length == 4) { size($pty, unpack 'n2', $content) }
        }
    }
    if (vec $read, fileno $pty, 1) {
        my $count = sysread $pty, $shown, $most, length $shown;
        last if defined $count ? $count == 0 : !$!{EAGAIN};
    }
    if (vec $write, fileno $pty, 1) {
        my $count = syswrite $pty, $typed;
        substr $typed, 0, $count, '' if $count;
    }
    if (vec $write, 1, 1) {
        my $count = syswrite STDOUT, $shown;
        exit 129 if !defined $count and !$!{EAGAIN};
        substr $shown, 0, $count // 0, '';
    }
}
while (length $shown) {
    my $write = '';
    vec($write, 1, 1) = 1;
    select(undef, $write, undef, undef);
    my $count = syswrite STDOUT, $shown;
    last if !defined $count and !$!{EAGAIN};
    substr $shown, 0, $count // 0, '';
}
waitpid $pid, 0;
exit(($? & 127) ? 128 + ($? & 127) : $? >> 8);
