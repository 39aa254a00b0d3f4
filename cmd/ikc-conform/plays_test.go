package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// foreignMessage has a foreign text wherever a message can.
func foreignMessage(m *wire.Message) string {
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		panic(err)
	}
	return string(wire.AppendFrame(nil, image))
}

// foreignReport is an error report to a kernel, of what a kernel is said to have failed to do.
func foreignReport(to, text, kernel string) string {
	return foreignMessage(&wire.Message{
		Event: wire.At(specifier.Specifier{Kernel: to, Session: wire.SessionIKC, State: wire.StateRemoteError}), IsError: true,
		Params: perl.ArrayRef(perl.NewBytes(text), perl.NewBytes(kernel), perl.NewBytes(foreignText)),
	})
}

func foreignAt(kernel string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: foreignText, State: foreignText})
}

func foreignParams() *perl.Value {
	return perl.ArrayRef(perl.NewBytes(foreignText), perl.NewText(strings.ToValidUTF8(foreignText, "")),
		perl.HashRef(perl.Pair{Key: foreignText, Value: perl.NewRegexp(foreignText, "i")}))
}

// foreignCapture writes a capture of conversations in which everything is foreign.
func foreignCapture(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), foreignFile+".pcapng")
	w, err := capture.Create(path, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	iface, err := w.Interface("relay", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	talk := func(port uint16, parts ...string) { // the client says the first, the server the second, and so on
		server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 2}), 603)
		r, err := w.Open(iface, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), port), server, now)
		for i := 0; err == nil && i < len(parts); i++ {
			now = now.Add(time.Millisecond)
			err = r.Data(capture.Direction(i%2), []byte(parts[i]), now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	setup := func(id string) string {
		return "SETUP KERNEL=" + id + "," + foreignLine + ";FREEZER=Storable;PID=1\r\n"
	}
	requested := func(to, rsvp wire.Address) string {
		return foreignMessage(&wire.Message{Event: to, From: foreignAt(foreignText), RSVP: rsvp, Params: foreignParams()})
	}
	failed := foreignReport("c", foreignText, foreignText)
	answer := foreignMessage(&wire.Message{Event: foreignAt("c"), Params: foreignParams()})
	elsewhere := wire.At(specifier.Specifier{Kernel: foreignText, Session: foreignText, State: "astray" + foreignText})
	astray := foreignMessage(&wire.Message{Event: elsewhere, Params: foreignParams()})
	talk(50000, setup("c"), setup("s"), requested(foreignAt("s"), foreignAt("c")), answer+answer+failed,
		requested(foreignAt(foreignText), foreignAt(foreignText)), astray+failed, requested(foreignAt("s"), wire.Address{}), failed,
		string(wire.AppendFrame(nil, []byte(foreignText))), foreignText)
	talk(50001, "HELLO\r\nIAM "+foreignLine+"\r\nFREEZER "+foreignLine+"\r\n", "OK\r\n"+foreignLine+"\n")
	talk(50002, foreignName, foreignName)
	quoted, err := json.Marshal(strings.ToValidUTF8(foreignText, ""))
	if err != nil {
		t.Fatal(err)
	}
	event := strings.ReplaceAll(`{"event":"KIND","kernel":F,"session":F,"state":F,"context":F,"what":F,"about":F,"operation":F,"message":F}`, "F", string(quoted)) + "\n"
	events := ""
	for _, kind := range []string{"state", "monitor", "error", "other"} {
		events += strings.Replace(event, "KIND", kind, 1)
	}
	talk(50003, `{"id":1,"cmd":"hello"}`+"\n"+`{"id":2,"cmd":"x","text":`+string(quoted)+"}\n",
		strings.ReplaceAll(`{"id":1,"ok":{"protocol":1,"driver":F,"implementation":F,"release":F}}`, "F", string(quoted))+"\n"+
			strings.ReplaceAll(`{"id":2,"error":{"code":F,"message":F}}`, "F", string(quoted))+"\n"+events, "not JSON "+foreignLine+"\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func playSite(t *testing.T) {
	feed(t, true, "site", filepath.Join(t.TempDir(), foreignFile))
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, foreignFile), nil, 0o600))
	feed(t, true, "site", dir)
}

func playInspect(t *testing.T) {
	path := foreignCapture(t)
	for _, form := range [][]string{nil, {"-v"}, {"--full"}, {"--sequence"}, {"--stats"}, {"--errors"}, {"--unanswered"}, {"--slower", "1ns"}, {"--width", "2000"},
		{"--frame", "1"}, {"--frame", "2"}, {"--frame", "1", "--dump"}, {"--frame", "2", "--dump"}, {"--frame", "4", "--side", "client", "--dump"},
		{"--sequence", "--width", "2000"}} {
		feed(t, true, append([]string{"inspect", path}, form...)...)
	}
	for _, form := range [][]string{{"--json"}, {"--json", "--stats"}} {
		feedJSON(t, strings.ToValidUTF8(foreignText, "\ufffd"), append([]string{"inspect", path}, form...)...)
	}
	out, _ := feed(t, true, "inspect", path, "--full", "--width", "100000")
	for _, shown := range []string{`\x1b]52cQUJD\x07`, `\x{9b}`, `\x9b`, `\x{202e}`, `\x{2028}` + forged, `\n` + forged, `##vso\x5btask.complete]`} {
		if !strings.Contains(out, shown) {
			t.Errorf("inspect: expected %s to be shown", shown)
		}
	}
	// Colours are ours, and only ours.
	_, out, _ = command(t, "inspect", path, "--color", "always")
	looksClean(t, "inspect --color always", regexp.MustCompile(`\x1b\[(0|1|2|31|32|34|36)m`).ReplaceAllString(out, ""))
	if strings.Contains(out, mark+"\x1b") {
		t.Error("inspect --color always: somebody else's sequence")
	}
	feed(t, true, "inspect", filepath.Join(t.TempDir(), foreignName))
	feed(t, true, "inspect", path, "--frame", "1", "--side", "client", "--connection", "0", "--extract", filepath.Join(t.TempDir(), "none", foreignFile))
	feed(t, true, "inspect", path, "--frame", "1", "--side", "client", "--connection", "0", "--extract", filepath.Join(t.TempDir(), foreignFile))
	feed(t, true, "inspect", path, "--from", foreignName)
	followed(t, path)
}

// followed shows a capture as it grows: nothing more comes, so it is ended.
func followed(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(asCommand(t), "ikc-conform"), "inspect", path, "--follow")
	looksClean(t, "inspect --follow", interrupted(t, cmd, func(line string) bool { return strings.Contains(line, mark) }))
}

// interrupted starts a command, interrupts it once it has printed a line that is looked for, and
// returns all that it printed.
func interrupted(t *testing.T, cmd *exec.Cmd, enough func(line string) bool) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var all strings.Builder
	asked := false
	for in := bufio.NewReader(r); ; {
		line, err := in.ReadString('\n')
		all.WriteString(line)
		if !asked && enough(line) {
			asked = true
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
		if err != nil {
			break
		}
	}
	_ = cmd.Wait()
	if !asked {
		t.Errorf("%q: it never printed what was looked for: %q", cmd.Args, all.String())
	}
	return all.String()
}

func playCheck(t *testing.T) {
	path := foreignCapture(t)
	dir := t.TempDir()
	t.Setenv(summaryVariable, filepath.Join(dir, "summary"))
	feed(t, true, "check", path)
	feed(t, true, "check", path, "-v", "--gate", "may")
	for _, f := range report.Formats() {
		file := filepath.Join(dir, f.Name)
		feed(t, false, "check", path, "--"+f.Name, file)
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(written)
		if f.Name == "annotations" {
			text = meant(text)
		}
		looksClean(t, "check --"+f.Name, text)
		if f.Name == "annotations" {
			_, out, _ := command(t, "check", path, "--annotations", "-")
			if !strings.HasPrefix(out, "::error title=") {
				t.Errorf("expected commands of our own, got %q", out)
			}
			looksClean(t, "check --annotations -", meant(out))
			continue
		}
		feed(t, false, "check", path, "--"+f.Name, "-")
	}
	_, _, errs := command(t, "check", path, "--github")
	looksClean(t, "check --github", meant(errs))
	feed(t, true, "check", filepath.Join(dir, foreignFile))
	feed(t, true, "check", path, "--checks", foreignName)
	feed(t, true, "check", path, "--json", filepath.Join(dir, "none", foreignFile, "x"))
}

func playDiagnose(t *testing.T) {
	path := foreignCapture(t)
	dir := t.TempDir()
	feed(t, true, "diagnose", path)
	feed(t, true, "diagnose", path, "--all")
	feed(t, false, "diagnose", path, "--json", "-")
	feed(t, true, "diagnose", filepath.Join(dir, foreignFile))
	feed(t, true, "diagnose", path, "--host", foreignName)
}

func playReport(t *testing.T) {
	run := foreignRun(t, foreignCapture(t))
	t.Setenv(summaryVariable, filepath.Join(t.TempDir(), "summary"))
	feed(t, true, "report", run, "-v")
	feed(t, true, "report", run, "--matrix", "-v")
	for _, f := range report.Formats() {
		_, out, errs := command(t, "report", run, "--"+f.Name, "-")
		looksClean(t, "report --"+f.Name, meant(out)+errs)
		if f.Name != "badge" && !strings.Contains(out, mark) {
			t.Errorf("report --%s: expected it to show %s, got %q", f.Name, mark, out)
		}
	}
	feedJSON(t, strings.ToValidUTF8(foreignText, ""), "report", run, "--json", "-")
	_, _, errs := command(t, "report", run, "--github")
	looksClean(t, "report --github", meant(errs))
	feed(t, true, "report", filepath.Join(t.TempDir(), foreignFile))
}

func playCompare(t *testing.T) {
	run, other := foreignRun(t, foreignCapture(t)), filepath.Join(t.TempDir(), "other.json")
	if _, _, errs := command(t, "check", filepath.Join(repository, "captures", "perl-server-perl-client-ikc0.pcapng"), "--json", other); errs != "" {
		t.Fatal(errs)
	}
	feed(t, true, "report", "compare", other, run)
	for _, f := range report.ComparisonFormats() {
		feed(t, true, "report", "compare", other, run, "--"+f.Name, "-")
	}
}

// foreignDriver is a program that says foreign things of itself, or refuses to, and ends.
func foreignDriver(t *testing.T, hello bool) string {
	t.Helper()
	dir := t.TempDir()
	quoted, err := json.Marshal(strings.ToValidUTF8(foreignText, ""))
	if err != nil {
		t.Fatal(err)
	}
	first := strings.ReplaceAll(`{"id":1,"ok":{"protocol":1,"driver":F,"implementation":F,"release":F,"capabilities":["server","client"],"versions":{"perl":F}}}`, "F", string(quoted)) + "\n"
	refused := strings.ReplaceAll(`{"id":2,"error":{"code":"failed","message":F}}`, "F", string(quoted)) + "\n"
	if !hello {
		first = strings.Replace(refused, "2", "1", 1)
	}
	script := "#!/bin/sh\nread line; cat " + dir + "/hello; read line; cat " + dir + "/refused; cat " + dir + "/errors >&2; cat " + dir + "/foreign; exit 3\n"
	for name, text := range map[string]string{"hello": first, "refused": refused, "foreign": foreignText, "driver": script,
		"errors": strings.ReplaceAll(foreignText, forged, "of a driver")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return "cmd:" + filepath.Join(dir, "driver")
}

func playTargets(t *testing.T) {
	name := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
	target := foreignDriver(t, name != "driver-check") // which makes all checks of a driver that says hello
	switch name {
	case "oracle":
		feed(t, false, "oracle", target, "reference", "--cells", "server/IKC0", "--timeout", "3s")
	case "upgrade":
		feed(t, true, "upgrade", target, "reference", "--cells", "/IKC0", "--serializers", "Storable", "--timeout", "3s")
	case "model":
		feed(t, true, "model", target, "--runs", "1", "--dir", t.TempDir())
	case "driver-check":
		feed(t, true, "driver-check", target)
	case "matrix":
		feed(t, true, "matrix", target, "--cells", "/IKC0", "--serializers", "Storable", "--timeout", "3s", "-v")
	default:
		feed(t, true, "run", target, "--cells", "/IKC0", "--timeout", "3s", "--progress")
		for _, server := range foreignServers(t) {
			feed(t, true, "run", "tcp:"+server, "--cells", "server/IKC0", "--timeout", "3s", "--patience", "500ms", "-v")
		}
	}
	for _, unknown := range []string{foreignName, "cmd:/none/" + foreignName, "unix:/none/" + foreignName} {
		args := []string{name, unknown}
		switch name {
		case "oracle", "upgrade":
			args = append(args, "reference", "--cells", "server/IKC0", "--timeout", "2s")
		case "run", "matrix":
			args = append(args, "--cells", "server/IKC0", "--timeout", "2s")
		}
		feed(t, true, args...)
	}
}

// foreignServers are servers that say foreign things: one in its names, its answers and its error
// reports; one in place of a negotiation.
func foreignServers(t *testing.T) []string {
	t.Helper()
	return []string{
		foreignServer(t, func(conn net.Conn, in *bufio.Reader) {
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
			fmt.Fprintf(conn, "SETUP KERNEL=%s,%s;FREEZER=Storable;PID=1\r\n", "server-1", foreignLine)
			report := func(text string) {
				_, _ = io.WriteString(conn, foreignReport("", foreignText+text, "server-1"))
			}
			report("")
			scan := new(wire.FrameScanner)
			for {
				n, err := in.Read(scan.Room(4096))
				scan.Advance(n)
				if err != nil {
					return
				}
				for {
					image, ok, err := scan.Next()
					if err != nil || !ok {
						break
					}
					v, err := storable.Thaw(image)
					if err != nil {
						return
					}
					m, err := wire.ParseMessage(v)
					if err != nil || !m.RSVP.Present() {
						continue
					}
					if m.Event.State == "answer" {
						_, _ = io.WriteString(conn, foreignMessage(&wire.Message{Event: m.RSVP, Params: foreignParams()}))
					} else {
						report(".  Request " + m.Event.String())
					}
				}
			}
		}),
		foreignServer(t, func(conn net.Conn, in *bufio.Reader) {
			for {
				if _, err := in.ReadString('\n'); err != nil {
					return
				}
				fmt.Fprintf(conn, "NOT %s\r\nSETUP KERNEL=%s;FREEZER=%s\r\n%s\r\n", foreignLine, foreignLine, foreignLine, foreignName)
			}
		}),
	}
}

func foreignServer(t *testing.T, serve func(conn net.Conn, in *bufio.Reader)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			go func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn))
			}()
		}
	}()
	return l.Addr().String()
}

func playClients(t *testing.T) {
	name := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
	for i, server := range foreignServers(t) {
		switch name {
		case "ping":
			feed(t, i == 0, "ping", server, "--timeout", "2s")
		case "monitor":
			feed(t, i == 0, "monitor", server, "--for", "500ms", "--timeout", "2s")
			out, _ := feed(t, false, "monitor", server, "--for", "500ms", "--timeout", "2s", "--json")
			for line := range strings.Lines(out) {
				if !json.Valid([]byte(line)) {
					t.Errorf("monitor --json: got %q", line)
				}
			}
		default:
			feed(t, i == 0 && name != "subscribe", name, "poe://"+server+"/worker/run", "--timeout", "2s") // subscribe has its own words
		}
		if name != "call" || i > 0 {
			continue
		}
		for _, form := range []string{"perl", "json", "typed"} {
			feed(t, true, "call", "poe://"+server+"/worker/answer", "--timeout", "2s", "--output", form)
		}
	}
	feed(t, true, name, foreignName)
	feed(t, true, name, "--connect", "unix:/none/"+foreignName, map[bool]string{true: "poe://k/s/t", false: "poe://k"}[!slices.Contains([]string{"ping", "monitor"}, name)])
}

// playServe has somebody ask a kernel, and the mock of a foreign one, for what there is not, in
// foreign words, and shows its log.
func playServe(t *testing.T) {
	path := foreignCapture(t)
	feed(t, true, "serve", "--name", foreignName)
	feed(t, true, "serve", "--from", foreignFile)
	feed(t, true, "serve", "--from", path, "--kernel", foreignName)
	feed(t, true, "serve", "--from", path, "--connect", "127.0.0.1:1")
	askForeign(t, "serve")
	feed(t, true, "serve", "--from", path, "--listen", "127.0.0.1:0")
	askForeign(t, "serve", "--from", path, "--name", "Mock")
}

// askForeign starts a server and asks it in foreign words.
func askForeign(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(asCommand(t), "ikc-conform"), append(args, "--listen", "127.0.0.1:0")...)
	log := interrupted(t, cmd, func(line string) bool {
		_, address, ok := strings.Cut(strings.TrimSpace(line), " listens on ")
		if !ok {
			return strings.Contains(line, "bad data from peer")
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Error(err)
			return true
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "SETUP KERNEL=client-1,"+foreignLine+";FREEZER=Storable;PID=1\r\n"+
			foreignMessage(&wire.Message{Event: foreignAt(""), From: foreignAt("client-1"), Params: foreignParams()})+
			foreignReport("", foreignText, foreignText)+
			string(wire.AppendFrame(nil, []byte(foreignText))))
		if err != nil {
			t.Error(err)
		}
		return false
	})
	looksClean(t, strings.Join(args, " "), log)
	if !strings.Contains(log, mark) {
		t.Errorf("%q: expected its log to show %s, got %q", args, mark, log)
	}
}

// playDoctor puts programs first in the path that say foreign things of themselves.
func playDoctor(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(foreignLine+"\n"+foreignName), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, program := range []string{"go", "python3", "perl", "docker", "tshark", "dumpcap"} {
		script := fmt.Sprintf("#!/bin/sh\n/bin/cat %s/text; /bin/cat %s/text >&2; exit %d\n", dir, dir, i%2)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	t.Setenv("IKC_RELEASES", filepath.Join(dir, foreignFile))
	feed(t, true, "doctor")
	feedJSON(t, mark, "doctor", "--json")
}

// playPerls has Perls and a debootstrap that say foreign things, and one of a foreign name.
func playPerls(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("perl "+foreignLine+"\nI: "+foreignName+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := []byte(fmt.Sprintf("#!/bin/sh\n/bin/cat %s/text\nexit 0\n", dir))
	bad := []byte(fmt.Sprintf("#!/bin/sh\n/bin/cat %s/text >&2\nexit 1\n", dir))
	bin := filepath.Join(dir, "perls", foreignFile, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{filepath.Join(dir, "perl"): script, filepath.Join(bin, "perl"): bad, filepath.Join(dir, "debootstrap"): bad} {
		if err := os.WriteFile(path, text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	t.Setenv("IKC_PERLS", filepath.Join(dir, "perls"))
	feed(t, true, "perls")
	feedJSON(t, mark, "perls", "--json")
	feed(t, true, "perls", "add", "trixie")
	feed(t, true, "perls", "add", foreignName)
	feed(t, true, "run", "perl@0.2402/"+foreignFile, "--cells", "server/IKC")
}

func playRecord(t *testing.T) {
	feed(t, true, "record", "--listen", foreignName, "--to", foreignName, "-o", filepath.Join(t.TempDir(), "x"))
	feed(t, true, "record", "--to", foreignName, "-o", filepath.Join(t.TempDir(), "none", foreignFile))
	feed(t, true, "record", "--to", "127.0.0.1:1", "-o", filepath.Join(t.TempDir(), "x"), "--latency", foreignName)
	words := filepath.Join(t.TempDir(), foreignFile)
	must(t, os.WriteFile(words, []byte(foreignText), 0o600))
	feed(t, true, "record", "--to", "127.0.0.1:1", "-o", filepath.Join(t.TempDir(), "x"), "--disturb", words)
}

// playShadow has a client talk to a server beside servers that say foreign things.
func playShadow(t *testing.T) {
	feed(t, true, "shadow", "--to", foreignName, "--also", foreignName)
	feed(t, true, "shadow", "--to", "127.0.0.1:1", "--also", "127.0.0.1:1", "-o", filepath.Join(t.TempDir(), "none", foreignFile))
	feed(t, true, "shadow", "--to", "127.0.0.1:1", "--also", "127.0.0.1:1", "--noise", foreignName)
	for _, server := range foreignServers(t) {
		for _, form := range []string{"--json", "--html"} {
			cmd := exec.Command(filepath.Join(asCommand(t), "ikc-conform"), "shadow", "--to", server, "--also", server, "--patience", "100ms", form, "-", "--every", "100ms")
			var asked sync.Once
			out := interrupted(t, cmd, func(line string) bool {
				asked.Do(func() {
					if m := regexp.MustCompile(`passing on (\S+)`).FindStringSubmatch(line); m != nil {
						command(t, "call", m[1]+"/s/t", "--timeout", "300ms")
					}
				})
				return strings.Contains(line, "connections")
			})
			looksClean(t, "shadow "+form, out)
		}
	}
}

// playDriver has a driver answer foreign lines.
func playDriver(t *testing.T) {
	quoted, err := json.Marshal(strings.ToValidUTF8(foreignText, ""))
	if err != nil {
		t.Fatal(err)
	}
	in := `{"id":1,"cmd":` + string(quoted) + "}\n" + `{"id":2,"cmd":"session","session":` + string(quoted) + ",\"states\":{}}\n"
	var out, errs bytes.Buffer
	run([]string{"driver"}, strings.NewReader(in+foreignLine+"\n"), &out, &errs)
	looksClean(t, "driver", out.String())
	looksClean(t, "driver, standard error", errs.String())
	if !strings.Contains(out.String(), mark) {
		t.Errorf("driver: expected it to show %s, got %q", mark, out.String())
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("driver: expected JSON, got %q", line)
		}
	}
	feed(t, true, "driver", "--defect", foreignName)
	feed(t, true, "driver", "--listen", "/none/"+foreignName)
}
