package known

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// perl is the implementation of deviations that come with a Perl, whatever the release of
// POE::Component::IKC.
const perl = "perl"

// oldestTried is the first release that was tried as a kernel. Those before it do not start with a
// POE of today: what it does is taken to be as old as they are.
const oldestTried = "0.1801"

// Settle finds out which failures in a capture are known deviations of who failed, and makes them
// such. as is a release to insist on, or "".
//
// Who failed is known by what it said: see package release. A failure is known if every release
// that fits has the deviation; so it never is where nothing was seen that tells releases apart, nor
// where no release fits. Which of several old releases it is may be told by the failures: of those
// that fit, the ones remain that have all deviations that it shows. But as long as the newest fits,
// a failure that this does not have may be a new fault as well, and tells nothing.
//
// What comes with a Perl is known only between two kernels that both show that they have such a
// Perl: others cannot read it.
//
// A kernel whose driver told which release of which implementation it is has what is known of that.
//
// A release to insist on is believed where nothing that was seen contradicts it; a note says so
// where something does.
func (ds Deviations) Settle(f *judge.Judgement, as string) {
	if f.Peers == nil {
		return
	}
	for _, side := range []wire.Role{wire.Server, wire.Client} {
		if !slices.ContainsFunc(f.Verdicts, func(v judge.Verdict) bool { return v.Side == side }) {
			continue // it was not asked for
		}
		s := settling{ds, f, side, map[*release.Peer][]failure{}, map[*release.Peer]release.Set{}}
		s.fit(as)
		for i := range f.Verdicts {
			if v := &f.Verdicts[i]; v.Side == side && v.Outcome == judge.Fail {
				s.verdict(v)
			}
		}
	}
}

// settling is Settle at one side.
type settling struct {
	ds     Deviations
	f      *judge.Judgement
	side   wire.Role
	failed map[*release.Peer][]failure
	fits   map[*release.Peer]release.Set // what remains of the releases; missing: none is known
}

// failure is a check that a peer fails, and where it does so first.
type failure struct {
	check string
	first judge.Finding
}

// fit finds out which releases the peers of the side can be.
func (s *settling) fit(as string) {
	peers, whole := s.f.Peers.All(s.side)
	contradicted := 0
	for _, p := range peers {
		set := p.Releases
		switch {
		case as != "":
			set = set.Where(func(name string) bool { return name == as })
			if set.Empty() {
				if contradicted++; contradicted == 1 {
					s.f.Notes = append(s.f.Notes, fmt.Sprintf("the %s of connection %d is not taken for %s: it is %s", s.side, p.First, as, p.Fits()))
				}
				continue
			}
		case set.Full() || set.Empty():
			continue
		}
		s.fits[p] = set
	}
	for i := range s.f.Verdicts {
		v := &s.f.Verdicts[i]
		if v.Side != s.side || v.Outcome != judge.Fail {
			continue
		}
		for _, finding := range v.Findings {
			p := s.f.Peers.Of(s.side, finding.Connection)
			if p != nil && !slices.ContainsFunc(s.failed[p], func(have failure) bool { return have.check == v.Check.ID }) {
				s.failed[p] = append(s.failed[p], failure{v.Check.ID, finding})
			}
		}
	}
	for p, set := range s.fits {
		s.fits[p] = s.narrow(p, set)
	}
	if !whole {
		s.f.Notes = append(s.f.Notes, fmt.Sprintf("there are more than %d kernels; which release the others are is not known", len(peers)))
	}
}

// narrow leaves of the releases that fit a peer those that have all the deviations which it shows,
// if there are any, and what it shows may tell.
func (s *settling) narrow(p *release.Peer, set release.Set) release.Set {
	all := release.AllReleases().Names()
	newest := all[len(all)-1]
	rest, because := set, []failure(nil)
	for _, fail := range s.failed[p] {
		has := s.having(fail.check, set)
		if has.Empty() || set.Has(newest) && !has.Has(newest) {
			continue // it is nobody's, or may be a new fault
		}
		if !rest.Within(has) {
			because = append(because, fail)
		}
		rest = rest.And(has)
	}
	if rest.Empty() {
		return set
	}
	for _, fail := range because {
		e := release.Evidence{Saw: "it fails " + fail.check, Source: s.ds.find(fail.check, release.Implementation).Reason,
			Connection: fail.first.Connection, Packet: fail.first.Packet}
		if fail.first.Side == s.side.String() {
			e.Frame = fail.first.Frame
		}
		p.Narrow(s.having(fail.check, set), e)
	}
	return rest
}

// having are the releases of a set that have a deviation.
func (s *settling) having(check string, set release.Set) release.Set {
	return set.Where(func(name string) bool {
		if isBefore(name, oldestTried) && slices.ContainsFunc(s.ds, func(d Deviation) bool {
			return d.Check == check && d.Implementation == release.Implementation && d.From == oldestTried
		}) {
			return true
		}
		return slices.ContainsFunc(s.ds, func(d Deviation) bool { return d.Check == check && d.Has(release.Implementation, name) })
	})
}

// isBefore tells whether a release is before another.
func isBefore(name, other string) bool {
	order, err := compareDecimals(name, other)
	return err == nil && order < 0
}

// find returns the deviation of an implementation from a check, nil if there is none.
func (ds Deviations) find(check, implementation string) *Deviation {
	i := slices.IndexFunc(ds, func(d Deviation) bool { return d.Check == check && d.Implementation == implementation })
	if i < 0 {
		return nil
	}
	return &ds[i]
}

// verdict makes a failure a known deviation, if all its findings are. Else those that are known are
// left out.
func (s *settling) verdict(v *judge.Verdict) {
	var because *Deviation
	var unknown []judge.Finding
	for _, finding := range v.Findings {
		d := s.known(v.Check.ID, finding.Connection)
		if d == nil {
			unknown = append(unknown, finding)
			continue
		}
		because = d
	}
	switch {
	case because == nil:
	case len(unknown) == 0 && (v.More == 0 || s.knownOfAll(v.Check.ID)):
		v.Outcome, v.Reason = judge.Known, because.asTheyDo()
	case len(unknown) > 0 && v.More == 0:
		v.Findings = unknown
	}
}

// known is the deviation that a failure in a connection is, nil if it is none that is known.
func (s *settling) known(check string, connection int) *Deviation {
	if d := s.ds.Told(s.f, s.side).Find(check); d != nil {
		return d
	}
	p := s.f.Peers.Of(s.side, connection)
	if p == nil {
		return nil
	}
	if set, ok := s.fits[p]; ok && set.Within(s.having(check, set)) {
		return s.ds.find(check, release.Implementation)
	}
	other := s.f.Peers.Of(s.side.Other(), connection)
	if d := s.ds.find(check, perl); d != nil && other != nil && d.covers(p.Perls) && d.covers(other.Perls) && !p.Releases.Empty() {
		return d
	}
	return nil
}

// Told are the deviations of the kernel of a side whose driver told who it is, none if nobody did.
func (ds Deviations) Told(f *judge.Judgement, side wire.Role) Deviations {
	h := f.Told[side]
	if h == nil {
		return nil
	}
	return ds.Of(h.Implementation, h.Release, h.Versions)
}

// Unseen are the deviations of kernels whose drivers told who they are that show in none of the
// judgements, though the check passed at such a kernel.
func (ds Deviations) Unseen(files []*judge.Judgement) (list Deviations) {
	passed, failed := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		for _, v := range f.Verdicts {
			if ds.Told(f, v.Side).Find(v.Check.ID) != nil {
				passed[v.Check.ID] = passed[v.Check.ID] || v.Outcome == judge.Pass
				failed[v.Check.ID] = failed[v.Check.ID] || v.Outcome == judge.Known || v.Outcome == judge.Fail
			}
		}
	}
	for _, d := range ds {
		if passed[d.Check] && !failed[d.Check] {
			list = append(list, d)
		}
	}
	return list
}

// covers tells whether all Perls of a set have the deviation. An empty set has none.
func (d *Deviation) covers(perls release.Set) bool {
	return !perls.Empty() && perls.Within(perls.Where(func(name string) bool { return d.Has(perl, name) }))
}

// knownOfAll tells whether a failure is known of every kernel of the side.
func (s *settling) knownOfAll(check string) bool {
	peers, whole := s.f.Peers.All(s.side)
	return whole && !slices.ContainsFunc(peers, func(p *release.Peer) bool { return s.known(check, p.First) == nil })
}

// asTheyDo is the reason of a deviation, with the releases that have it.
func (d *Deviation) asTheyDo() string {
	verb := "do"
	if d.From == d.To {
		verb = "does"
	}
	return fmt.Sprintf("as %s %s: %s", d.Releases, verb, d.Reason)
}

// String names the releases, with the implementation if it is not POE::Component::IKC.
func (r Releases) String() string {
	s := r.From
	if r.To != r.From {
		s += " to " + r.To
	}
	if r.Implementation != original {
		s = r.Implementation + " " + s
	}
	return s
}
