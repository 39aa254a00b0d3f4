package ikc

// callList is the blocking calls that went by one channel, or to this kernel itself, in order. An
// error report names its call by a specifier: so that a report costs no look at every call, byText
// has them by that, once there has been a report; until then a call costs no more than a place in
// the list. The mu of the callTable guards it.
type callList struct {
	ended       error // why no call may begin any more, nil if one may
	n           int   // how many there are
	first, last *waiter
	unread      *waiter // the first that byText does not have
	byText      map[string]*sameCalls
}

// sameCalls are the calls to one specifier, in order.
type sameCalls struct{ first, last *waiter }

// add appends a call, which is in no list.
func (l *callList) add(w *waiter) {
	if w.prev = l.last; w.prev == nil {
		l.first = w
	} else {
		w.prev.next = w
	}
	l.last = w
	l.n++
	if l.unread == nil {
		l.unread = w
	}
}

// remove takes a call out.
func (l *callList) remove(w *waiter) {
	if w.text != "" {
		l.forget(w)
	}
	if l.unread == w {
		l.unread = w.next
	}
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	l.n--
}

// read enters in byText what it does not have yet.
func (l *callList) read() {
	if l.byText == nil {
		l.byText = map[string]*sameCalls{}
	}
	for ; l.unread != nil; l.unread = l.unread.next {
		w := l.unread
		w.text = w.to.Specifier.String()
		same := l.byText[w.text]
		if same == nil {
			same = new(sameCalls)
			l.byText[w.text] = same
		}
		if w.prevSame = same.last; w.prevSame == nil {
			same.first = w
		} else {
			w.prevSame.nextSame = w
		}
		same.last = w
	}
}

// forget takes a call out of byText.
func (l *callList) forget(w *waiter) {
	same := l.byText[w.text]
	if w.prevSame == nil {
		same.first = w.nextSame
	} else {
		w.prevSame.nextSame = w.nextSame
	}
	if w.nextSame == nil {
		same.last = w.prevSame
	} else {
		w.nextSame.prevSame = w.prevSame
	}
	if same.first == nil {
		delete(l.byText, w.text)
	}
	w.text, w.prevSame, w.nextSame = "", nil, nil
}

// about returns the oldest call that an error report may be about, nil if there is none.
func (l *callList) about(e *RemoteError) (oldest *waiter) {
	if l.first == nil {
		return nil
	}
	l.read()
	for _, text := range e.Requests() {
		if same := l.byText[text]; same != nil && (oldest == nil || same.first.number < oldest.number) {
			oldest = same.first
		}
	}
	return oldest
}
