# To be sourced: programs of Debian packages, pinned by checksum, in a temporary folder of their own.
#
#   work                  the temporary folder; it goes when the script ends
#   unpack ROOT SHA256 PATH...   fetches pool/main/PATH and unpacks it into $work/ROOT
#   in_root ROOT CODE [ARGS]     runs Perl code with the perl, the libraries and the libc of that root
#   program ROOT NAME [ARGS]     runs a program with the libraries and the libc of that root
#   expect WHAT WANT GOT         prints both, and fails if they differ

set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

unpack() {
  local root="$work/$1" sum="$2" path="$3" deb
  deb="$work/$(basename "$path")"
  curl -fsSL --retry 3 -o "$deb" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}/pool/main/$path"
  echo "$sum  $deb" | sha256sum --quiet -c -
  mkdir -p "$root"
  dpkg -x "$deb" "$root"
}

program() {
  local root="$work/$1" name="$2" lib ld
  shift 2
  lib="$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu"
  ld=$(find "$root" -name 'ld-linux-x86-64.so.2' | head -n 1)
  env -u PERL5LIB -u PERL5OPT HOME="$work" LC_ALL=C "$ld" --library-path "$lib" "$root/usr/bin/$name" "$@"
}

in_root() {
  local root="$work/$1" code="$2" inc=()
  for dir in "$root"/usr/lib/x86_64-linux-gnu/perl/5.* "$root"/usr/share/perl/5.* "$root/usr/lib/x86_64-linux-gnu/perl-base" "$root/usr/share/perl5"; do
    if [ -d "$dir" ]; then inc+=("-I$dir"); fi
  done
  program "$1" perl "${inc[@]}" -e "$code" "${@:3}"
}

expect() {
  printf '%s\n  expected: %s\n       got: %s\n' "$1" "$2" "$3"
  if [ "$2" != "$3" ]; then failed=1; fi
}

perl_5_36() { # bookworm
  unpack 5.36 ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf g/glibc/libc6_2.36-9+deb12u14_amd64.deb
  unpack 5.36 f5f60a5cdfd4e4eaa9438ade5078a57741a7a78d659fcb0c701204f523e8bd29 libx/libxcrypt/libcrypt1_4.4.33-2_amd64.deb
  unpack 5.36 8ec874926e211807cde71e1b0a2311d2534ab3539dffcb2c8553633f542efc1a p/perl/perl-base_5.36.0-7+deb12u3_amd64.deb
  unpack 5.36 591903643119c7e1735011369287976eccab1d79b1d2f210760e2138d0a3aa46 p/perl/libperl5.36_5.36.0-7+deb12u3_amd64.deb
  unpack 5.36 3d237ccb1ea32727b6573d43c67d78337aa928a81148d36cef54b369a07c240a p/perl/perl-modules-5.36_5.36.0-7+deb12u3_all.deb
}

perl_5_40() { # trixie
  unpack 5.40 b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf g/glibc/libc6_2.41-12+deb13u5_amd64.deb
  unpack 5.40 0ebc144d662e3197982d1bf3a7b8b35ca845e54c68811de0328b1f0d7c67585c libx/libxcrypt/libcrypt1_4.4.38-1_amd64.deb
  unpack 5.40 b795464137a0f4d443fc9284f4b93e883fb83883cb533adf300ac660807a352a p/perl/perl-base_5.40.1-6+deb13u1_amd64.deb
  unpack 5.40 e44777ff47ad248d1debd57e1f96ab5e89061a341008ae39880ba3b5fc15f273 p/perl/libperl5.40_5.40.1-6+deb13u1_amd64.deb
  unpack 5.40 4c46cdd8f3135aa1c95f07e817f8e5d9be590687441ac1c27e3a8c49400f35ce p/perl/perl-modules-5.40_5.40.1-6+deb13u1_all.deb
}
