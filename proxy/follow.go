package proxy

import (
	"bytes"
	"regexp"
)

// Statements and portals have names on the server, which the protocol and SQL share: EXECUTE and FETCH give the rows of what a name means when they run. They are
// planned, and run, only once the server has confirmed what the client's messages before them made of names.

// byName matches a text that may hold an EXECUTE or a FETCH, whose words have no other spelling.
var byName = regexp.MustCompile(`(?i)execute|fetch`)

// followsNames says that what becomes of a message depends on what a name means.
func (m *machine) followsNames(typ byte, body []byte) bool {
	switch typ {
	case 'Q', 'P':
		return byName.Match(body)
	case 'E':
		name, _, _ := bytes.Cut(body, []byte{0})
		s := m.sentPortal[kept(string(name))]
		return s.planned() != nil && m.session.Follows(s.plan)
	}
	return false
}

// names says that an answer tells what a name means from then on.
func (a *answer) names() bool {
	switch a.kind {
	case answerParse, answerBind, answerCloseStatement, answerClosePortal:
		return a.name != "" && !a.hidden && a.refusal == nil
	}
	return false
}

// awaitNames makes the client's next messages wait for what names mean, and says whether there is anything to wait for.
func (m *machine) awaitNames() bool {
	waiting := false
	for _, a := range m.owed.waiting() {
		if !a.names() {
			continue
		}
		waiting = true
		if !a.barrier {
			a.barrier = true
			m.barriers++
		}
	}
	if waiting {
		m.send('H')
	}
	return waiting
}

// awaitPipeline makes a Query wait for what the client sent before it without a Sync, and says whether there is anything to wait for: the server discards a
// Query behind an error, but not behind the Sync by which cordon may run it.
func (m *machine) awaitPipeline() bool {
	waiting := m.owed.waiting()
	if len(waiting) == 0 {
		return false
	}
	last := waiting[len(waiting)-1]
	if last.kind == answerSync || last.kind == answerQuery {
		return false
	}
	if !last.barrier {
		last.barrier = true
		m.barriers++
		m.send('H')
	}
	return true
}

// kept is a name as the server keeps it, which has no longer ones (NAMEDATALEN): two that begin alike are one statement or portal, whose plan has to be
// the one that is known by either.
func kept(name string) string { return name[:min(len(name), maxIdentifier)] }
