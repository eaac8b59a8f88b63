#!/usr/bin/perl
# The supervisor of one process in a container. It outlives the cell: the process's exit status, the verdict on memory
# and what it wrote but nobody has read yet are here when a new cell comes.
#
#   supervise.pl DIR OOM_FILE OWNER trace|- RUNTIME ARGUMENT...
#
# Makes in DIR the FIFOs `stdout` and `stderr` (owned by the host id OWNER, so that `> /dev/stdout` works inside),
# where it is wanted `trace` (the process's descriptor 3) and `heard` (its descriptor 4: a byte for each line that was read),
# `status` (a byte once the process has ended; end of file once the supervisor has) and `control` (a byte lets a
# supervisor whose process has ended go). RUNTIME ARGUMENT... starts the process detached and writes DIR/pid.
# Prints one line of JSON: {"pid":N,"startTime":"N","supervisor":N,"supervisorStartTime":"N"}, also kept as
# DIR/started.json, or fails with 1. Writes DIR/exit.json at the end of the process.
# No POSIX module: to load it takes longer than all the rest of a start.
use strict;
use warnings;
use Config ();

my ($dir, $oom_file, $owner, $trace, @command) = @ARGV;
my $arm = $Config::Config{archname} =~ /^aarch64/;
my %call = (mknodat => $arm ? 33 : 259, setsid => $arm ? 157 : 112, prctl => $arm ? 167 : 157,
    dup3 => $arm ? 24 : 292);
my ($AT_FDCWD, $S_IFIFO, $O_RDWR, $PR_SET_CHILD_SUBREAPER) = (-100, 0010000, 2, 36);
my $O_CLOEXEC = 02000000;

# Field 22 of the stat line, after the name in brackets, which may hold anything.
sub start_time {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return '';
    my $line = <$stat> // '';
    $line =~ s/^.*\) //s;
    return (split ' ', $line)[19] // '';
}

sub oom_kills {
    open my $file, '<', $oom_file or return 0;
    while (<$file>) { return $1 if /^oom_kill (\d+)/ }
    return 0;
}

sub move { my ($from, $to, $flags) = @_; syscall($call{dup3}, $from, $to, $flags) == $to or exit 127 }

sub put {
    my ($name, $text) = @_;
    open my $file, '>', "$name.new" or return 0;
    print $file $text;
    close $file or return 0;
    return rename "$name.new", $name;
}

chdir $dir or die "enter $dir: $!\n";
my %fifo;
for my $name ('stdout', 'stderr', 'status', 'control', $trace eq 'trace' ? ('trace', 'heard') : ()) {
    my $path = $name;
    syscall($call{mknodat}, $AT_FDCWD, $path, $S_IFIFO | 0600, 0) == 0 or die "make $name: $!\n";
    # Open for both directions: never blocks, and the process gets no SIGPIPE while there is no cell.
    sysopen $fifo{$name}, $name, $O_RDWR or die "open $name: $!\n";
}
chown $owner, $owner, grep { -e } 'stdout', 'stderr', 'heard';

pipe(my $report_read, my $report_write) or die "pipe: $!\n";
my $pid = fork // die "fork: $!\n";
if ($pid) {
    close $report_write;
    my $line = <$report_read> // '';
    print $line;
    exit($line eq '' ? 1 : 0);
}

close $report_read;
syscall($call{setsid});
syscall($call{prctl}, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 or die "become a subreaper: $!\n";
my $kills_before = oom_kills();
my $runtime = fork // die "fork: $!\n";
if (!$runtime) {
    # A session of its own: a process that signals its group must not meet its supervisor.
    syscall($call{setsid});
    # A pipe at its end, as in the original: crun gives what it finds here to the container's user, and /dev/null is the host's.
    pipe(my $nothing, my $nobody) or exit 127;
    close $nobody;
    open STDIN, '<&', $nothing;
    open STDOUT, '>&', $fifo{stdout};
    open STDERR, '>&', $fifo{stderr};
    if ($fifo{trace}) {
        # By way of high numbers: the FIFOs themselves may have 3 and 4.
        my @wanted = ([$fifo{trace}, 3], [$fifo{heard}, 4]);
        move(fileno $_->[0], 100 + $_->[1], $O_CLOEXEC) for @wanted;
        move(100 + $_->[1], $_->[1], 0) for @wanted;
    }
    exec {$command[0]} @command or exit 127;
}
open STDIN, '<', '/dev/null';
open STDOUT, '>', '/dev/null';
open STDERR, '>', '/dev/null';
waitpid $runtime, 0;
exit 1 if $? != 0;

open my $pid_file, '<', 'pid' or exit 1;
my $process = <$pid_file>;
close $pid_file;
$process += 0;
my $started = sprintf '{"pid":%d,"startTime":"%s","supervisor":%d,"supervisorStartTime":"%s"}',
    $process, start_time($process), $$, start_time($$);
put('started.json', $started);
print $report_write "$started\n";
close $report_write;

my $status;
while (1) {
    my $ended = waitpid -1, 0;
    if ($ended == $process) { $status = $?; last }
    last if $ended == -1;
}
if (defined $status) {
    # Without a folder there is nobody left to tell.
    put('exit.json', sprintf '{"exit":%d,"signal":%d,"oomKills":%d}',
        $status >> 8, $status & 127, oom_kills() - $kills_before) or exit 1;
}
syswrite $fifo{status}, 'x';
# Unread output lives as long as a descriptor of the FIFO is open.
sysread $fifo{control}, my $byte, 1;
