package conformance

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// NAME are the checks NAME-001 to NAME-004. // nameChecks are about names that several kernels announce.
func AreaToldNAME() []*Check {
	const source = "Responder register, unregister, channel_list"
	return []*Check{
		{
			ID: "NAME-001", Level: Should, Party: TheKernel,
			Requirement: "A name that several connected kernels announced leads to the one that registered first.",
			Source:      source, Needs: "a driver, and a post to a name that two connected kernels have announced",
			Rationale: "A second worker of the same name is not heard of by its name, until it registers when the first is gone.",
			Judge: onNamesakes(func(t *Trial, a *account, l *dialogue.ControlLine, to specifier.Specifier, went *meeting, _ int) {
				if n := a.leads(to.Kernel, l.At.Time); n.known && n.owner != nil && len(n.has) > 1 && n.owner == n.has[0] {
					t.Hold(went == n.owner, l, where(n.owner), where(went))
				}
			}),
		},
		{
			ID: "NAME-002", Level: Should, Party: TheKernel,
			Requirement: "When the kernel that a name leads to goes, the name leads nowhere, though another that announced it is still connected.",
			Source:      source, Needs: "a driver, and a post to a name whose first holder has gone while another stayed",
			Judge: onNamesakes(func(t *Trial, a *account, l *dialogue.ControlLine, to specifier.Specifier, went *meeting, count int) {
				if n := a.leads(to.Kernel, l.At.Time); n.known && n.owner == nil && len(n.has) > 0 && a.toldOfEnd(to.Kernel, l) {
					t.Hold(went == nil && count <= 0, l, "sent to 0 kernels", fmt.Sprintf("sent to %d, by %s", count, where(went)))
				}
			}),
		},
		{
			ID: "NAME-003", Level: Should, Party: TheKernel,
			Requirement: "A name that is free leads to the next kernel that registers with it, not to one that announced it before.",
			Source:      source, Needs: "a driver, and a post to a name that was free while one who had announced it was connected, and has been announced again",
			Judge: onNamesakes(func(t *Trial, a *account, l *dialogue.ControlLine, to specifier.Specifier, went *meeting, _ int) {
				if n := a.leads(to.Kernel, l.At.Time); n.known && n.owner != nil && n.owner != n.has[0] {
					t.Hold(went == n.owner, l, where(n.owner), where(went))
				}
			}),
		},
		{
			ID: "NAME-004", Level: Must, Party: TheKernel,
			Requirement: "The id of a kernel leads to it, whoever has the same names.",
			Source:      source, Needs: "a driver, and a post to the id of a kernel that shares its name",
			Judge: onNamesakes(func(t *Trial, a *account, l *dialogue.ControlLine, to specifier.Specifier, went *meeting, _ int) {
				for _, m := range a.meetings() {
					names := m.names[a.Side.Other()]
					if over := m.over(); len(names) > 1 && names[0] == to.Kernel && m.opened.Before(l.At.Time) && (over.IsZero() || over.After(l.At.Time)) && slices.ContainsFunc(names[1:], a.shared) {
						t.Hold(went == m, l, where(m), where(went))
					}
				}
			}),
		},
	}
}
