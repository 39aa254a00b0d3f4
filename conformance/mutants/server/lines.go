package server

import (
	"strings"
)

// instead replaces the reply to lines that begin with prefix.
func instead(prefix string, reply ...string) func(*conn, string, []string) []string {
	return func(_ *conn, asked string, usual []string) []string {
		if strings.HasPrefix(asked, prefix) {
			return reply
		}
		return usual
	}
}

// setup changes the server's SETUP.
func setup(change func(line string) string) func(*conn, string, []string) []string {
	return func(_ *conn, _ string, usual []string) []string {
		for i, l := range usual {
			if strings.HasPrefix(l, "SETUP ") {
				usual[i] = change(l)
			}
		}
		return usual
	}
}

func replace(old, with string) func(string) string {
	return func(line string) string { return strings.Replace(line, old, with, 1) }
}

func lineDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "no answer to SETUP", Text: "A SETUP is not answered.", Kills: []string{"HS-IKC0-001"}, Silent: true,
			lines: instead("SETUP")},
		{Name: "SETUP answered by OK", Text: "A good SETUP is answered with OK.", Kills: []string{"HS-IKC0-001"},
			lines: instead("SETUP", "OK")},
		{Name: "SETUP without KERNEL", Text: "The SETUP does not name the kernel.", Kills: []string{"HS-IKC0-002"},
			lines: setup(func(string) string { return "SETUP FREEZER=Storable;PID=1" })},
		{Name: "SETUP with an unknown field", Text: "The SETUP has a field that nobody knows.", Kills: []string{"HS-IKC0-002"},
			lines: setup(func(l string) string { return l + ";COLOUR=blue" })},
		{Name: "two FREEZERs", Text: "The SETUP of the server names two FREEZERs.", Kills: []string{"HS-IKC0-003"},
			lines: setup(replace("FREEZER=Storable", "FREEZER=Storable,FreezeThaw"))},
		{Name: "no FREEZER", Text: "The SETUP of the server names no FREEZER.", Kills: []string{"HS-IKC0-003"},
			lines: setup(replace("FREEZER=Storable;", ""))},
		{Name: "FREEZER not offered", Text: "The server chooses a FREEZER that the client did not offer.", Kills: []string{"HS-IKC0-004", "HS-IKC0-005"},
			lines: setup(replace("FREEZER=Storable", "FREEZER=FreezeThaw"))},
		{Name: "announces the client", Text: "The SETUP of the server has the client's id for its own.", Kills: []string{"HS-NAME-002"},
			lines: func(_ *conn, asked string, reply []string) []string {
				_, names, ok := strings.Cut(asked, "KERNEL=")
				if !ok || len(reply) == 0 {
					return reply
				}
				id, _, _ := strings.Cut(strings.ReplaceAll(names, ";", ","), ",")
				return []string{strings.Replace(reply[0], "KERNEL="+ID, "KERNEL="+id, 1)}
			}},
		{Name: "no PID", Text: "The SETUP tells no process id.", Kills: []string{"HS-IKC0-006"},
			lines: setup(replace(";PID=1", ""))},
		{Name: "setup in small letters", Text: "The server says setup.", Kills: []string{"HS-IKC0-001"}, Silent: true,
			lines: setup(func(l string) string { return "setup" + strings.TrimPrefix(l, "SETUP") })},
		{Name: "id only", Text: "The SETUP tells the id and no other name.", Kills: []string{"HS-IKC0-007"},
			lines: setup(func(string) string { return "SETUP KERNEL=" + ID + ";FREEZER=Storable;PID=1" })},
		{Name: "no id", Text: "The SETUP has nothing where the id should be.", Kills: []string{"HS-NAME-001"},
			lines: setup(replace("KERNEL="+ID+",", "KERNEL=,"))},
		{Name: "OK to what nobody has", Text: "A SETUP of serializers that the server does not have is answered with OK.", Kills: []string{"HS-IKC0-014"}, Hostile: true,
			lines: instead("SETUP KERNEL=conform;FREEZER=No", "OK")},
		{Name: "blank behind a name", Text: "The server's IAM lines have a blank at their end.", Kills: []string{"HS-IKC-001"}, Silent: true,
			lines: func(_ *conn, _ string, usual []string) []string {
				for i, l := range usual {
					if strings.HasPrefix(l, "IAM ") {
						usual[i] = l + " "
					}
				}
				return usual
			}},
		{Name: "blank in a name", Text: "The kernel has a name with a blank in it.", Kills: []string{"HS-NAME-001"},
			lines: setup(replace(","+Name+",", ",Mu tant,"))},
		{Name: "bad SETUP accepted", Text: "A SETUP with an unknown field is accepted.", Kills: []string{"HS-IKC0-008"}, Hostile: true,
			lines: instead("SETUP KERNEL=conform;FREEZER=Storable;COLOUR", "SETUP KERNEL="+ID+","+Name+",127.0.0.1:1;FREEZER=Storable;PID=1")},
		{Name: "one try", Text: "After a NOT the server answers nothing more.", Kills: []string{"HS-IKC0-009"}, Hostile: true, Silent: true,
			lines: func(c *conn, asked string, usual []string) []string {
				if !strings.HasPrefix(asked, "SETUP") {
					return usual
				}
				if c.said++; c.said > 4 && len(usual) > 0 && usual[0] != "NOT" {
					return nil
				}
				return usual
			}},
		{Name: "HELLO IKC1 accepted", Text: "A dialect that does not exist is accepted.", Kills: []string{"HS-IKC0-010"}, Hostile: true,
			lines: instead("HELLO IKC", "IAM "+ID)},
		{Name: "NOT to noise", Text: "An unknown line before SETUP is answered.", Kills: []string{"HS-IKC0-011"}, Hostile: true,
			lines: instead("GOOD DAY", "NOT")},
		{Name: "speaks first", Text: "The server greets the client before it has said anything.", Kills: []string{"HS-IKC0-012"},
			greeting: []string{"WELCOME"}},
		{Name: "extra line", Text: "An IAM is answered twice.", Kills: []string{"HS-IKC0-012"},
			lines: func(_ *conn, asked string, usual []string) []string {
				if strings.HasPrefix(asked, "IAM ") {
					return append(usual, "OK")
				}
				return usual
			}},
		{Name: "early frames lost", Text: "Frames that came with the SETUP are lost.", Kills: []string{"HS-IKC0-013"},
			dropsEarly: true},
		{Name: "LF only", Text: "Lines end in LF.", Kills: []string{"HS-LINE-001"}, lineEnd: "\n"},
		{Name: "CR only", Text: "Lines end in CR.", Kills: []string{"HS-LINE-001"}, lineEnd: "\r"},
		{Name: "HELLO answered by DONE", Text: "The server does not say who it is.", Kills: []string{"HS-IKC-001"}, Silent: true,
			lines: instead("HELLO", "DONE")},
		{Name: "OK answered by nonsense", Text: "An OK is answered by a line that is neither IAM nor DONE.", Kills: []string{"HS-IKC-002"}, Silent: true,
			lines: instead("OK", "NAME "+Name)},
		{Name: "IAM in forward order", Text: "The name comes before the address.", Kills: []string{"HS-IKC-003"}, forward: true},
		{Name: "no name", Text: "In the dialect IKC the server tells its id and no other name.", Kills: []string{"HS-IKC-011"},
			lines: func(c *conn, asked string, usual []string) []string {
				for asked == "OK" && len(usual) > 0 && strings.HasPrefix(usual[0], "IAM ") {
					usual, _ = c.n.Receive(asked)
				}
				return usual
			}},
		{Name: "IAM in small letters", Text: "The server says iam.", Kills: []string{"HS-IKC-001"}, Silent: true,
			lines: func(_ *conn, _ string, usual []string) []string {
				for i, l := range usual {
					usual[i] = strings.Replace(l, "IAM ", "iam ", 1)
				}
				return usual
			}},
		{Name: "IAM answered by YES", Text: "An IAM of the client is answered with YES.", Kills: []string{"HS-IKC-004"}, Silent: true,
			lines: instead("IAM ", "YES")},
		{Name: "refuses Storable", Text: "FREEZER Storable is answered with NOT.", Kills: []string{"HS-IKC-005"},
			lines: instead("FREEZER Storable", "NOT")},
		{Name: "FREEZER answered by YES", Text: "FREEZER is answered with neither OK nor NOT.", Kills: []string{"HS-IKC-006"}, Silent: true,
			lines: instead("FREEZER", "YES")},
		{Name: "WORLD answered by OK", Text: "WORLD is answered with OK.", Kills: []string{"HS-IKC-007"}, Silent: true,
			lines: instead("WORLD", "OK")},
		{Name: "silent on nonsense", Text: "After HELLO, a line without sense is not answered.", Kills: []string{"HS-IKC-008"}, Hostile: true, Silent: true,
			lines: instead("WHAT")},
		{Name: "DONE answered", Text: "The client's DONE is answered with OK.", Kills: []string{"HS-IKC-009"}, Silent: true,
			lines: instead("DONE", "OK")},
		{Name: "no way back", Text: "SETUP is refused, and so is the HELLO that follows.", Kills: []string{"HS-IKC-010", "HS-IKC-001"}, Silent: true,
			onlyIKC: true, lines: instead("HELLO", "NOT")},
	}
}
