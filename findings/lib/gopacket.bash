# To be sourced behind debian.bash: a Go module with gopacket, in the temporary folder.
#
#   build PROGRAM SOURCE   builds a file or a package below the folder as a program there

cat >"$work/go.mod" <<'EOF'
module finding

go 1.21

require github.com/google/gopacket v1.1.19
EOF
cat >"$work/go.sum" <<'EOF'
github.com/google/gopacket v1.1.19 h1:ves8RnFZPGiFnTS0uPQStjwru6uO6h+nlr9j6fL7kF8=
github.com/google/gopacket v1.1.19/go.mod h1:iJ8V8n6KS+z2U1A8pUwu8bW5SyEMkXJB8Yo/Vo+TKTo=
golang.org/x/net v0.0.0-20190620200207-3b0461eec859 h1:R/3boaszxrf1GEUWTVDzSKVwLmSJpwZ1yqXm8j0v2QI=
golang.org/x/sys v0.0.0-20190412213103-97732733099d h1:+R4KGOnez64A81RvjARKc4UT5/tI9ujCIVX+P5KiHuI=
EOF

build() {
  (cd "$work" && CGO_ENABLED=0 GOFLAGS="-mod=mod -modcacherw" GOMODCACHE="$work/modules" GOWORK=off go build -o "$1" "$2")
}
