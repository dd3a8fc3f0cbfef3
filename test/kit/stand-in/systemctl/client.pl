# `systemctl` and `loginctl` of the stand-in: hands its words to the manager of this home, and starts that where there is none yet.
# A test asks some thirty times a move, and Node takes ten times as long as this to say a word.
use strict;
use Socket;

my $name = $0 =~ s|.*/||r;
my $home = $ENV{HOME} // (getpwuid $<)[7];
my $system = $name eq 'systemctl' && !grep { $_ eq '--user' } @ARGV;
my $folder = "$home/.stand-in-systemd" . ($system ? '-system' : '');

# Who only asks the machine's manager on a machine without one leaves no folder of it behind.
if ($system && !-d $folder) {
  if (grep { $_ eq '--version' } @ARGV) { print "systemd 252 (252.39-1~deb12u1)\n"; exit 0 }
  print STDERR "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n";
  exit 1;
}

mkdir $folder;
# An absolute path may be too long for a socket's name.
chdir $folder or die "$folder: $!\n";

sub ask {
  local $SIG{PIPE} = 'IGNORE';
  socket(my $bus, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
  connect($bus, pack_sockaddr_un('bus')) or return;
  my @told = map { "$_=$ENV{$_}" } grep { /^(STAND_IN_|XDG_RUNTIME_DIR$)/ } keys %ENV;
  my $order = join "\0", scalar(@told), @told, $name, @ARGV;
  syswrite($bus, pack('N', length $order) . $order) or return;
  my $answer = '';
  1 while sysread($bus, $answer, 65536, length $answer);
  return if length $answer < 8;
  my ($code, $length) = unpack 'NN', $answer;
  print STDOUT substr $answer, 8, $length;
  print STDERR substr $answer, 8 + $length;
  exit $code;
}

sub supervise {
  return if fork;
  setpgrp;
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', '/dev/null';
  open STDERR, '>', '/dev/null';
  chdir '/';
  $ENV{STAND_IN_SCOPE} = $system ? 'system' : 'user';
  exec $main::node, $main::script;
}

ask();
supervise();
for (1 .. 1000) {
  select undef, undef, undef, 0.01;
  ask();
}
die "the stand-in service manager does not come up\n";
