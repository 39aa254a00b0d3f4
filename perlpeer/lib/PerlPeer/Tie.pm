package PerlPeer::Tie;

# Ties a variable to an object that exists already: tie @a, 'PerlPeer::Tie', $object.

use strict;
use warnings;

sub TIESCALAR { return $_[1] }
sub TIEARRAY  { return $_[1] }
sub TIEHASH   { return $_[1] }

1;
