#!/usr/bin/perl
# Starts programs for a process that is too large to fork: a fork copies the page tables of the whole, which holds up its one
# thread for milliseconds, and this is small.
#
# Standard input brings frames, LENGTH "\n" and so many bytes of fields with a NUL between each two:
#
#   run ID SECONDS FOLDER INPUT_KIND INPUT OUTPUT_KIND OUTPUT PROGRAM ARGUMENT...
#   kill ID
#
# Where PROGRAM is `perl` and its first ARGUMENT the path of a file (from `/`), a fork of this runs that file itself: neither perl nor the
# modules strict, warnings and Config, which our own files use, are loaded again, which takes longer than most of them run.
# INPUT_KIND: `text` (INPUT itself, of a pipe's size at most) or `file` (its path). OUTPUT_KIND: `keep`, `file` (a new one at
# the path OUTPUT) or `nowhere` (pipes without a reader, also for standard error). After SECONDS the program is killed.
# Standard output gives for each program that has ended, and whose output has ended where it is kept,
#
#   ID STATUS SIGNAL OUTPUT_LENGTH ERROR_LENGTH "\n" OUTPUT ERROR
#
# At the end of its input this ends; programs that run go on. No POSIX module: to load it takes longer than all the rest.
use strict;
use warnings;
# For the files that are run here.
use Config ();

my ($WNOHANG, $EINTR, $LOCK_EX) = (1, 4, 2);
my ($O_WRONLY, $O_CREAT, $O_EXCL) = (01, 0100, 0200);
my $kept = 1048576;
my (%keeper_of, %id_of);

$SIG{PIPE} = 'IGNORE';
# It only interrupts the reading: whoever has ended is found below, once it is known under its number.
$SIG{CHLD} = sub { };

my $buffer = '';
while (1) {
    while ($buffer =~ /\A(\d+)\n/ and length $buffer >= length($&) + $1) {
        my ($start, $length) = (length $&, $1);
        my @fields = split /\0/, substr($buffer, $start, $length), -1;
        substr $buffer, 0, $start + $length, '';
        take(@fields);
    }
    while ((my $pid = waitpid -1, $WNOHANG) > 0) { delete $keeper_of{ delete $id_of{$pid} } }
    my $read = sysread STDIN, $buffer, 65536, length $buffer;
    next if not defined $read and $! == $EINTR;
    last unless $read;
}

sub take {
    my ($what, $id, @run) = @_;
    if ($what eq 'kill') {
        kill 'TERM', $keeper_of{$id} if defined $keeper_of{$id};
        return;
    }
    # Its end may be asked for before the keeper has come so far as to hear of it: what it inherits hears.
    my $is_early = 0;
    $SIG{TERM} = sub { $is_early = 1 };
    my $pid = fork;
    if (defined $pid and not $pid) {
        keep(\$is_early, $id, @run);
        exit 0;
    }
    my $why = $!;
    $SIG{TERM} = 'DEFAULT';
    kill 'TERM', $$ if $is_early;
    if (defined $pid) { ($keeper_of{$id}, $id_of{$pid}) = ($pid, $id) }
    else { answer($id, 127, 0, '', "fork: $why\n") }
}

# One process for each program keeps it: reads what it writes, waits for it, kills it.
sub keep {
    my ($is_early, $id, $seconds, $folder, $input_kind, $input, $output_kind, $output, @command) = @_;
    $SIG{CHLD} = 'DEFAULT';
    pipe my $in_read, my $in_write or return answer($id, 127, 0, '', "pipe: $!\n");
    pipe my $out_read, my $out_write or return answer($id, 127, 0, '', "pipe: $!\n");
    pipe my $err_read, my $err_write or return answer($id, 127, 0, '', "pipe: $!\n");
    my ($target, $is_killed);
    # Before there is a program: it may be killed at once.
    $SIG{TERM} = $SIG{ALRM} = sub { $is_killed = 1; kill 'KILL', $target if $target };
    $is_killed = 1 if $$is_early;
    $target = fork // return answer($id, 127, 0, '', "fork: $!\n");
    if (!$target) {
        $SIG{$_} = 'DEFAULT' for 'PIPE', 'TERM', 'ALRM';
        open STDERR, '>&', $err_write;
        chdir $folder or give_up("enter $folder");
        if ($input_kind eq 'file') { open STDIN, '<', $input or give_up("open $input") }
        else { open STDIN, '<&', $in_read }
        if ($output_kind eq 'file') {
            sysopen my $file, $output, $O_WRONLY | $O_CREAT | $O_EXCL, 0600 or give_up("make $output");
            open STDOUT, '>&', $file;
        } else {
            open STDOUT, '>&', $out_write;
        }
        if ($command[0] eq 'perl' and ($command[1] // '') =~ m{^/}) {
            # Whoever reads what it writes waits for the last that holds the pipes: a child that it leaves must not.
            close $_ for $in_read, $in_write, $out_read, $out_write, $err_read, $err_write;
            run_here(@command);
        }
        exec { $command[0] } @command or give_up("run $command[0]");
    }
    kill 'KILL', $target if $is_killed;
    alarm $seconds;
    close $_ for $in_read, $out_write, $err_write;
    syswrite $in_write, $input if $input_kind eq 'text';
    close $in_write;
    my %text = (fileno $out_read => '', fileno $err_read => '');
    my @readers = ($out_read, $err_read);
    if ($output_kind eq 'nowhere') { close $_ for @readers; @readers = () }
    # What a killed program has started may live on and hold its output open: that is not waited for.
    while (@readers and not $is_killed) {
        my $ready = '';
        vec($ready, fileno $_, 1) = 1 for @readers;
        # Not for ever: it may be killed just before this.
        next if select($ready, undef, undef, 1) <= 0;
        my %ended;
        for my $reader (grep { vec($ready, fileno $_, 1) } @readers) {
            my $number = fileno $reader;
            my $read = sysread $reader, my $bytes, 65536;
            next unless defined $read;
            $ended{$number} = 1 if $read == 0;
            $text{$number} .= $bytes if length $text{$number} < $kept;
        }
        @readers = grep { !$ended{ fileno $_ } } @readers;
    }
    while (waitpid($target, 0) < 0 and $! == $EINTR) { }
    my $ended = $?;
    alarm 0;
    my ($out, $err) = map { $text{$_} } sort { $a <=> $b } keys %text;
    answer($id, $ended >> 8, $ended & 127, $out, $err);
}

# Ends as perl would with that file: at its `exit`, its `die` or its end.
sub run_here {
    (undef, my $file, @ARGV) = @_;
    $0 = join ' ', @_;
    open my $readable, '<', $file or give_up("run $file");
    close $readable;
    do $file;
    exit 0 if $@ eq '';
    print STDERR $@;
    exit 255;
}

sub give_up { my ($what) = @_; print STDERR "$what: $!\n"; exit 127 }

# Answers must not mix: what is longer than a pipe takes at once is written in pieces.
sub answer {
    my ($id, $status, $signal, $out, $err) = @_;
    open my $lock, '<', $0;
    flock $lock, $LOCK_EX;
    my $text = sprintf("%s %d %d %d %d\n", $id, $status, $signal, length $out, length $err) . $out . $err;
    for (my $at = 0; $at < length $text;) {
        my $written = syswrite STDOUT, $text, length($text) - $at, $at;
        next if not defined $written and $! == $EINTR;
        last unless defined $written;
        $at += $written;
    }
}
