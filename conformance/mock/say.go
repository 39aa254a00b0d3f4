package mock

import "context"

// say says what followed a request, its answer among it: at once, in the turn of its state, or at
// the times of the recording.
func (p *play) say(ctx context.Context) error {
	if p.t.answered {
		p.request = p.r.Detach(p.l.ctx)
	}
	if p.m.manner.Speed == 0 {
		p.run(ctx, p.t.said)
		return nil
	}
	p.m.busy.Go(func() { p.run(p.l.ctx, p.t.said) })
	return nil
}
