package ikc

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is added and taken away by many is settled to the octet, and whoever holds the most is
// ended.
func TestLedger(t *testing.T) {
	var l ledger
	l.init(10 << 20)
	var accounts []*account
	ended := make(chan int, 8)
	for i := range cap(ended) {
		accounts = append(accounts, l.open("peer", func(err error) {
			if !errors.Is(err, ErrMemory) {
				t.Errorf("ended with %v, expected ErrMemory", err)
			}
			ended <- i
		}))
	}
	var all sync.WaitGroup
	for _, a := range accounts {
		for range 2 {
			all.Go(func() {
				for n := range 10_000 {
					a.add(n % 200_000)
					a.add(-n % 200_000)
				}
			})
		}
	}
	all.Wait()
	if held := l.held(); held != 0 || len(l.over) != 0 {
		t.Errorf("%d octets are held by %d accounts, expected none", held, len(l.over))
	}
	accounts[0].add(2 << 20)
	accounts[1].add(6 << 20)
	if held := l.held(); held < 7<<20 || held > 8<<20 {
		t.Errorf("%d octets are held, expected 8 MiB but for allowances", held)
	}
	if !accounts[2].add(3 << 20) {
		t.Error("an account was refused that does not hold the most")
	}
	if got := <-ended; got != 1 {
		t.Errorf("connection %d was ended, expected 1", got)
	}
	if accounts[1].add(1) {
		t.Error("the account of a connection that was ended may hold more")
	}
	accounts[0].add(1 << 20) // while what was ended has not been given back
	select {
	case got := <-ended:
		t.Errorf("connection %d was ended for what another holds that is being ended", got)
	default:
	}
	for i, n := range []int{3 << 20, 6<<20 + 1, 3 << 20} {
		accounts[i].add(-n)
	}
	if l.live != 0 || l.ended != 0 || len(l.over) != 0 {
		t.Errorf("%d and %d octets are held, expected none", l.live, l.ended)
	}
}

// The gate lets in what fits, and what is too large alone.
func TestGate(t *testing.T) {
	var g gate
	g.init(100)
	large := g.enter(1000)
	in := make(chan int64)
	for range 3 {
		go func() { in <- g.enter(50) }()
	}
	select {
	case <-in:
		t.Error("somebody was let in beside what is too large")
	default:
	}
	g.leave(large)
	for range 3 {
		g.leave(<-in)
	}
	if g.room != 100 {
		t.Errorf("there is room for %d, expected 100", g.room)
	}
}

// An error report costs no look at the calls that it is not about: 20,000 reports beside 10,000
// calls, of which one by one would take minutes.
func TestErrorReportsAreLinear(t *testing.T) {
	k, err := New(Config{Name: "K"})
	if err != nil {
		t.Fatal(err)
	}
	c := &Channel{k: k, conn: nowhere{}}
	var calls []*waiter
	call := func(state string) *waiter {
		w := &waiter{done: make(chan struct{}, 1), to: new(target)}
		w.to.Specifier = specifier.Specifier{Kernel: "Other", Session: "me", State: state}
		if _, err := k.calls.begin(w, c); err != nil {
			t.Fatal(err)
		}
		return w
	}
	for i := range 10_000 {
		calls = append(calls, call([]string{"a", "b", "c"}[i%3]))
	}
	report := func(state string) *RemoteError {
		return &RemoteError{Message: "gone.  Request poe://Other/me/" + state + " sent by poe://K/me", Operation: OpInvocation}
	}
	for range 20_000 {
		if k.failed(c, report("absent")) {
			t.Fatal("a call was failed by a report about another")
		}
	}
	for _, i := range []int{1, 4, 7} { // the calls of b, in order, but for those that have ended
		if i == 4 {
			k.calls.take(calls[4])
			continue
		}
		if !k.failed(c, report("b")) || len(calls[i].done) != 1 {
			t.Fatalf("the report about b did not reach call %d", i)
		}
	}
	late := call("late")
	if !k.failed(c, report("late")) || len(late.done) != 1 {
		t.Error("a call that began after other reports was not reached")
	}
	for _, w := range calls {
		k.calls.take(w)
	}
	if l := &c.underWay; k.calls.n != 0 || l.n != 0 || l.first != nil || l.last != nil || l.unread != nil || len(l.byText) != 0 {
		t.Errorf("%d calls are left, and %d texts", k.calls.n, len(l.byText))
	}
}

type nowhere struct{ net.Conn }

// What may be queued of all connections is half of what they may make the kernel hold, however many
// they are, and never more of one than an eighth.
func TestDivide(t *testing.T) {
	var l ledger
	l.init(32 << 20)
	if n := l.share.Load(); n != 4<<20 {
		t.Errorf("%d octets with nobody there", n)
	}
	var all []*account
	for range 64 {
		all = append(all, l.open("peer", func(error) {}))
	}
	if n := l.share.Load(); n != 256<<10 {
		t.Errorf("%d octets of each of 64, expected %d", n, 256<<10)
	}
	for _, a := range all[4:] {
		a.close()
	}
	if n := l.share.Load(); n != 4<<20 {
		t.Errorf("%d octets of each of 4, expected %d", n, 4<<20)
	}
}

// until waits for something that another goroutine does.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}

// What a third kernel had sent has little room, which is none of the peer's own, and counts for who
// had it sent; when that one has gone, for the peer.
func TestForeignFrames(t *testing.T) {
	conn, other := net.Pipe()
	defer other.Close()
	var l ledger
	l.init(64 << 20)
	mine, sender := l.open("peer", func(error) {}), l.open("sender", func(error) {})
	var stats counters
	const limit = 4 << 20
	o := newOutbox(conn, nil, limit, mine, &stats, func(error) {})
	put := func(sender *account) error {
		f := new(wire.Outgoing)
		f.Join([]byte(strings.Repeat("x", 50_000)))
		return o.put(parcel{Outgoing: f, sender: sender}, false)
	}
	fill := func(sender *account) (n int) {
		for n < 10_000 && put(sender) == nil {
			n++
		}
		return n
	}
	if err := put(nil); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { o.mu.Lock(); defer o.mu.Unlock(); return o.writing > 0 }) // and what comes now waits
	if n := fill(sender); n != limit/foreignShare/50_000 {
		t.Errorf("%d frames of 50,000 octets of a third kernel, expected %d", n, limit/foreignShare/50_000)
	}
	if n := 1 + fill(nil); n != limit/50_000 {
		t.Errorf("%d frames of 50,000 octets besides, expected %d", n, limit/50_000)
	}
	if n := sender.held.Load(); n < 500_000 || n > limit/foreignShare+64<<10 {
		t.Errorf("%d octets count for who had them sent", n)
	}
	before := mine.held.Load()
	of := sender.held.Load()
	sender.close()
	o.inherit(sender)
	if n := sender.held.Load(); n != 0 {
		t.Errorf("%d octets count for one that has gone", n)
	}
	if n := mine.held.Load() - before; n != of {
		t.Errorf("%d octets more count for the peer, expected %d", n, of)
	}
	o.close(ErrClosed)
	conn.Close()
	until(t, func() bool { return mine.held.Load() == 0 && sender.held.Load() == 0 })
}

// A queue is full because the peer does not read, and not because the goroutine that writes has not
// had its turn since the peer did.
func TestQueueIsFullOnlyForThePeer(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that no other goroutine has its turn while this one runs
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	socket := socketOf(conn)
	if socket == nil {
		t.Skip("connections can be written to only by blocking here")
	}
	var stats counters
	o := newOutbox(conn, socket, 100_000, nil, &stats, func(error) {})
	frame := func() *wire.Outgoing {
		f := new(wire.Outgoing)
		f.Join([]byte(strings.Repeat("x", 50_000)))
		return f
	}
	filled := 0
	for ; err == nil && filled < 10_000; filled++ {
		err = o.put(parcel{Outgoing: frame()}, false)
		runtime.Gosched()
	}
	if !errors.Is(err, ErrQueueFull) {
		t.Fatalf("after %d frames that nobody reads: got %v, expected ErrQueueFull", filled, err)
	}
	// The peer reads what there is for it without waiting, so nobody else has a turn.
	buf := make([]byte, 1<<20)
	for range 4 {
		if _, err := client.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.put(parcel{Outgoing: frame()}, false); err != nil {
		t.Errorf("after the peer has read: got %v", err)
	}
	o.close(ErrClosed)
}
