package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// command runs the command in this process.
func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// TestClientTLS calls a kernel behind TLS whose certificate is not signed by anybody known.
func TestClientTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := ikc.New(ikc.Config{Name: "Secure", OnError: func(string, error) {}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- k.Serve(t.Context(), l) }()
	t.Cleanup(func() {
		_ = k.Shutdown(t.Context())
		<-served
	})

	to := "poe://" + l.Addr().String() + "/IKC/ping"
	for _, c := range []struct {
		args        []string
		status      int
		out, errors string
	}{
		{[]string{"--tls", "--ca", ca}, 0, "'PONG'\n", ""},
		{[]string{"--tls", "--insecure"}, 0, "'PONG'\n", ""},
		{[]string{"--tls"}, 3, "", "certificate signed by unknown authority\n  --ca FILE names certificates to trust"},
		{[]string{"--timeout", "2s"}, 3, "", "If it expects TLS, add --tls"},
	} {
		status, out, errs := command(t, append([]string{"call", to}, c.args...)...)
		if status != c.status || out != c.out || !strings.Contains(errs, c.errors) {
			t.Errorf("call %v: status %d, printed %q and %q; expected status %d, %q and %q", c.args, status, out, errs, c.status, c.out, c.errors)
		}
	}
	// The other commands connect in the same way.
	host := l.Addr().String()
	for _, c := range []struct {
		args []string
		out  string
	}{
		{[]string{"post", to}, "took it"},
		{[]string{"ping", host}, "PONG after "},
		{[]string{"subscribe", "poe://" + host + "/IKC"}, "accepted "},
		{[]string{"monitor", host, "--for", "50ms"}, "ready"},
	} {
		for _, trust := range [][]string{{"--ca", ca}, {"--insecure"}} {
			status, out, errs := command(t, append(append(c.args, "--tls"), trust...)...)
			if status != 0 || !strings.Contains(out, c.out) {
				t.Errorf("%v %v: status %d, printed %q and %q; expected status 0 and %q", c.args, trust, status, out, errs, c.out)
			}
		}
		if status, _, errs := command(t, append(c.args, "--tls")...); status != 3 || !strings.Contains(errs, "--ca FILE names certificates to trust") {
			t.Errorf("%v: expected status 3 for a certificate of nobody's, got %d and %q", c.args, status, errs)
		}
	}
}
