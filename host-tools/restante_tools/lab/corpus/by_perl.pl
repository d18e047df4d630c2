#!/usr/bin/perl
# Clean messages, written by MIME::Lite and MIME::Entity (MIME-tools).
# perl by_perl.pl SEED FOLDER < lines "NUMBER OCTETS"; prints "NUMBER KIND" for each.
# Rule: nothing of the clock, the process or the machine gets into a message.
use strict;
use warnings;
use MIME::Entity;
use MIME::Lite;

my ($seed, $folder) = @ARGV;
my $date = 'Mon, 03 Feb 2025 08:00:00 +0000';
my @words = qw(post mail letter box office branch line route gate house stamp sender);

# Fresh words up to 64 KiB; longer texts repeat them.
sub text {
    my ($octets) = @_;
    my $out = '';
    while (length($out) < $octets && length($out) < 65536) {
        $out .= (('') x 6, '.', '..')[int rand 8];
        $out .= join(' ', map { $words[int rand @words] } 1 .. 1 + int rand 9) . "\n";
    }
    $out x= 1 + $octets / length $out if length $out;
    return substr($out, 0, $octets);
}

sub latin {
    my $out = text($_[0]);
    $out =~ s/ /\xe9 /g;
    return substr($out, 0, $_[0]);
}

# Octets that no file type claims.
sub binary {
    my ($octets) = @_;
    my $out = "\x01RST" . join '', map { pack 'N', int rand 4294967296 } 1 .. $octets / 4 + 1;
    return substr($out, 0, $octets);
}

sub head {
    my ($number) = @_;
    return (
        From => 'Poste <poste@example.org>', To => 'branch@example.net',
        Subject => "Message $number", Date => $date, 'Message-ID' => "<perl-$number\@example.org>",
    );
}

sub lite {
    my ($number, @more) = @_;
    return MIME::Lite->new(head($number), Datestamp => 0, @more);
}

sub entity {
    my ($number, @more) = @_;
    return MIME::Entity->build(head($number), 'X-Mailer' => undef, @more);
}

sub in_parts {
    my ($number, $octets, $encoding) = @_;
    my $mail = lite($number, Type => 'multipart/mixed');
    $mail->attr('content-type.boundary' => "_perl_lite_${number}_");
    $mail->attach(Type => 'TEXT', Data => text(100));
    $mail->attach(
        Type => 'application/x-data', Encoding => $encoding, Data => binary($octets),
        Filename => "data-$number.bin", Disposition => 'attachment');
    return $mail->as_string;
}

my %kinds = (
    'lite 7bit' => sub { lite($_[0], Data => text($_[1]), Encoding => '7bit')->as_string },
    'lite 8bit' => sub { lite($_[0], Data => latin($_[1]), Encoding => '8bit')->as_string },
    'lite quoted-printable' =>
        sub { lite($_[0], Data => latin($_[1]), Encoding => 'quoted-printable')->as_string },
    'lite base64' => sub { lite($_[0], Data => text($_[1]), Encoding => 'base64')->as_string },
    'lite base64 part' => sub { in_parts(@_, 'base64') },
    'lite quoted-printable part' => sub { in_parts(@_, 'quoted-printable') },
    'entity binary' =>
        sub { entity($_[0], Data => latin($_[1]), Encoding => 'binary')->as_string },
    'entity x-uuencode' => sub {
        entity(
            $_[0], Type => 'application/x-data', Data => binary($_[1]), Encoding => 'x-uuencode',
            Filename => 'data.bin')->as_string;
    },
    'entity digest' => sub {
        my ($number, $octets) = @_;
        my $mail = entity($number, Type => 'multipart/digest', Boundary => "_perl_${number}_");
        for my $inner (1 .. 3) {
            $mail->add_part(MIME::Entity->build(
                Type => 'message/rfc822', Encoding => '8bit',
                Data => entity($inner, Data => latin($octets / 3), Encoding => '8bit')->as_string));
        }
        return $mail->as_string;
    },
    'entity nested' => sub {
        my ($number, $octets) = @_;
        my $mail = entity($number, Type => 'multipart/mixed', Boundary => "_perl_${number}_");
        my $inner = MIME::Entity->build(
            Type => 'multipart/alternative', Boundary => "_perl_${number}_inner_", Top => 0);
        $inner->attach(Data => text($octets / 2), Encoding => 'quoted-printable');
        $inner->attach(Type => 'text/html', Data => text($octets / 2), Encoding => 'base64');
        $mail->add_part($inner);
        return $mail->as_string;
    },
);

my @names = sort keys %kinds;
my $count = 0;
while (my $line = <STDIN>) {
    my ($number, $octets) = split ' ', $line;
    srand($seed * 1000 + $number);
    my $kind = $names[$count++ % @names];
    open my $out, '>:raw', "$folder/$number" or die "$folder/$number: $!\n";
    print {$out} $kinds{$kind}->($number, $octets) or die "$folder/$number: $!\n";
    close $out or die "$folder/$number: $!\n";
    print "$number $kind\n";
}
