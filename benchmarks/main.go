// Command benchmarks compares the Go kernel, as a user starts it and with a session that uses
// requests again (WithReuse), with Perl's kernel, with the ceiling, with what that is if states may
// keep what they are told, with a raw echo of frames, and with what a Go service would use
// otherwise: net/rpc, gRPC and NATS. Each server is a process of its own in its default
// configuration; all are measured in turn, again and again, and the medians are printed as a table,
// in microseconds for one operation.
//
//	cd benchmarks && go run . -reps 8
//
// It is a module of its own, so that nobody who uses the kernel has the others in go.sum.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	reps := flag.Int("reps", 8, "how often each is measured; the median counts")
	each := flag.Duration("time", 500*time.Millisecond, "how long each measurement takes")
	cells := flag.String("cells", ".", "only cells that match this regular expression")
	only := flag.String("servers", ".", "only servers that match this regular expression; kernel and ceiling are always there")
	serve := flag.String("serve", "", "be this server: for the program itself")
	flag.Parse()
	if *serve != "" {
		if err := servers[*serve](); err != nil {
			log.Fatalf("%s: %v", *serve, err)
		}
		return
	}
	cell, err := regexp.Compile(*cells)
	server, err2 := regexp.Compile(*only)
	if err != nil || err2 != nil || *reps < 1 || *each <= 0 || flag.NArg() > 0 {
		log.Fatalf("expected regular expressions, a positive number and a duration, got %q", os.Args[1:])
	}
	remove, err := build()
	if err != nil {
		log.Fatal(err)
	}
	err = compare(os.Stdout, *reps, *each, cell, server)
	remove()
	if err != nil {
		log.Fatal(err)
	}
}

// process is a server that runs.
type process struct {
	name, address string
	cmd           *exec.Cmd
}

// bare is the program that is the servers which need nothing but this module: package bare, built.
var bare string

// build builds bare. remove removes it.
func build() (remove func(), err error) {
	dir, err := os.MkdirTemp("", "ikc-benchmarks-")
	if err != nil {
		return nil, err
	}
	bare = filepath.Join(dir, "bare")
	if out, err := exec.Command("go", "build", "-o", bare, "./bare").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("go build ./bare: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return func() { _ = os.RemoveAll(dir) }, nil
}

// start starts a server, which prints its address.
func start(name string) (*process, error) {
	cmd := exec.Command(os.Args[0], "-serve", name)
	switch name {
	case "kernel", "reuse", "ceiling", "keeps", "echo":
		cmd = exec.Command(bare, name)
	case "perl":
		cmd = exec.Command("perl", filepath.Join("..", "conformance", "refdriver", "testdata", "bench_server.pl"))
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe() // a server ends when this does
	if err != nil {
		return nil, err
	}
	_ = in
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	line = strings.TrimSpace(line)
	if !strings.Contains(line, ":") {
		line = "127.0.0.1:" + line
	}
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("%s: expected its address, got %q: %w", name, line, err)
	}
	return &process{name, line, cmd}, nil
}

// cpu is the time that the server has used of the processors, in steps of 10 ms; 0 if the system
// does not tell.
func (p *process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// resident is how many octets of memory the server takes.
func (p *process) resident() (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var all, resident int
	_, err = fmt.Sscan(string(status), &all, &resident)
	return resident * os.Getpagesize(), err
}

func (p *process) end() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// order is that of the columns.
var order = []string{"kernel", "reuse", "ceiling", "keeps", "echo", "perl", "net/rpc", "grpc", "nats"}

// compare measures all in turn and prints the medians.
func compare(w io.Writer, reps int, each time.Duration, cell, server *regexp.Regexp) error {
	var running []*process
	for _, name := range order {
		if !server.MatchString(name) && name != "kernel" && name != "ceiling" {
			continue
		}
		p, err := start(name)
		if err != nil {
			log.Printf("without %s: %v", name, err)
			continue
		}
		defer p.end()
		running = append(running, p)
	}
	fmt.Fprint(w, "| ")
	for _, p := range running {
		fmt.Fprintf(w, "| %s ", p.name)
	}
	fmt.Fprintf(w, "| of the ceiling, kernel / reuse | kernel of keeps | times Perl | processor, kernel / ceiling | 99 of 100, kernel / ceiling |\n|---%s|--:|--:|--:|--:|--:|\n", strings.Repeat("|--:", len(running)))
	for _, c := range cells() {
		if !cell.MatchString(c.name) {
			continue
		}
		got, used, slow := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
		for range reps {
			for _, p := range running {
				run := c.of(p.name)
				if run == nil {
					continue
				}
				before := p.cpu()
				r, err := run(p.address, each)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, p.name, err)
				}
				got[p.name] = append(got[p.name], float64(r.took)/float64(r.n))
				used[p.name] = append(used[p.name], float64(p.cpu()-before)/float64(r.n))
				slow[p.name] = append(slow[p.name], float64(r.p99))
			}
		}
		fmt.Fprintf(w, "| %s ", c.name)
		for _, p := range running {
			fmt.Fprintf(w, "| %s ", micros(median(got[p.name])))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n",
			pair(ratio(median(got["ceiling"]), median(got["kernel"])), ratio(median(got["ceiling"]), median(got["reuse"]))),
			ratio(median(got["keeps"]), median(got["kernel"])),
			ratio(median(got["perl"]), median(got["kernel"])),
			pair(micros(median(used["kernel"])), micros(median(used["ceiling"]))),
			pair(micros(median(slow["kernel"])), micros(median(slow["ceiling"]))))
	}
	const connections = 5000
	kernel, err := start("kernel") // that has had no others
	if err != nil {
		return err
	}
	defer kernel.end()
	took, err := idle(kernel, connections)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA connection to the kernel that is idle takes %.1f KiB of memory: that of its process with %d of them.\n",
		took/1024, connections)
	return nil
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func micros(ns float64) string {
	switch us := ns / 1000; {
	case ns == 0:
		return ""
	case us < 10:
		return fmt.Sprintf("%.2f", us)
	case us < 100:
		return fmt.Sprintf("%.1f", us)
	default:
		return fmt.Sprintf("%.0f", us)
	}
}

// pair is two figures of a cell, of which the second or both may be missing.
func pair(a, b string) string {
	if b == "" {
		return a
	}
	return a + " / " + b
}

func ratio(other, kernel float64) string {
	if other == 0 || kernel == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", other/kernel)
}
