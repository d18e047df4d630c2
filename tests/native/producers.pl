# Writes mails with MIME::Lite and MIME::Entity into a folder: producers.pl FOLDER COUNT
use strict;
use warnings;
use MIME::Lite;
use MIME::Entity;

my ($folder, $count) = @ARGV;
my @encodings = ('base64', 'quoted-printable', '8bit', '7bit', 'binary');
my @names = ('report.pdf', 'photo 1.jpg', 'a.b.c.txt', "gr\xc3\xbc\xc3\x9fe.txt", 'x(1).doc', "it's.csv");

sub save {
    my ($name, $text) = @_;
    open(my $file, '>:raw', "$folder/$name") or die $!;
    print $file $text;
    close($file) or die $!;
}

# Text that 7bit can carry, or octets.
sub content {
    my ($number, $encoding) = @_;
    srand($number);
    return join("\n", map { "line $_ of $number: = . From" } 1 .. 20) . "\n" if $encoding =~ /7bit|8bit|binary/;
    return join('', map { chr(int(rand(256))) } 1 .. (50 + $number * 7 % 900));
}

for my $number (0 .. $count - 1) {
    my $encoding = $encodings[$number % 5];
    my $name = $names[$number % 6];
    my $lite = MIME::Lite->new(
        From => 'a@example.org', To => 'b@example.org', Subject => "Lite $number",
        Type => $number % 3 ? 'multipart/mixed' : 'multipart/related');
    $lite->attach(Type => 'TEXT', Data => "Hello,\n\nfrom number $number.\n-- \nsignature\n");
    $lite->attach(Type => 'text/html', Data => "<p>Hello = $number</p>", Encoding => 'quoted-printable')
        if $number % 2;
    $lite->attach(Type => 'application/octet-stream', Data => content($number, $encoding),
        Filename => $name, Encoding => $encoding, Disposition => 'attachment');
    save("lite-$number", $lite->as_string);

    my $tools = MIME::Entity->build(
        From => 'a@example.org', To => 'b@example.org', Subject => "Tools $number",
        Type => 'multipart/mixed');
    $tools->attach(Data => ["Text of $number.\n", "From here on\n", ".\n"]);
    $tools->attach(Type => 'application/octet-stream', Data => content($number, $encoding),
        Filename => $name, Encoding => $encoding);
    my $inner = MIME::Entity->build(From => 'c@example.org', Subject => 'inner', Data => ["inner\n"]);
    $tools->attach(Type => 'message/rfc822', Data => $inner->as_string) if $number % 4 == 0;
    $tools->sign(Signature => "a signature\n") if 0;
    save("tools-$number", $tools->as_string);
}
