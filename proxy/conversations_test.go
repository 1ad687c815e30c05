package proxy

import "github.com/jackc/pgproto3/v2"

type conversation struct {
	before func(*fakeSession)
	steps  []step
}

// refusedAnswer is what the server says to the statement that stands for a refused one.
var refusedAnswer = failure(refusedCode, "invalid input syntax for type integer")

// prepared is the start of a conversation in which statement s of text is prepared and portal p bound.
func prepared(text string) []step {
	return []step{
		{client: ofClient(parse("s", text), bind("p", "s"), &pgproto3.Flush{}), toServer: "P(s, sent " + text + ") D(Ss) B(p<s) H"},
		{server: ofServer(parsed, noParams, columns(shownTable), bound), toClient: "1 2"},
	}
}

// executed is an Execute of portal p behind cordon's own Describe, and its answer.
var executed = []step{
	{client: ofClient(execute("p"), synced), toServer: "D(Pp) E(p) S"},
	{server: ofServer(columns(shownTable), rowOf1, selected, idle), toClient: "D C(SELECT 1) Z(I)"},
}

// conversations are the protocol of a masked session, step by step.
func conversations() map[string]conversation {
	all := map[string]conversation{}
	for _, part := range []map[string]conversation{simpleConversations(), extendedConversations(), failedConversations(), nameConversations(),
		copyConversations(), otherConversations(), alarmConversations()} {
		for name, c := range part {
			all[name] = c
		}
	}
	return all
}

func simpleConversations() map[string]conversation {
	return map[string]conversation{
		"a query": {steps: []step{
			{client: ofClient(query("q")), toServer: "Q(sent q)"},
			{server: ofServer(columns(shownTable), rowOf1, rowOf1, selected, idle), toClient: "T D D C(SELECT 1) Z(I)"},
		}},
		"two statements": {steps: []step{
			{client: ofClient(query("q; r")), toServer: "Q(sent q; sent r)"},
			{server: ofServer(columns(shownTable), rowOf1, selected, columns(shownTable), selected, idle), toClient: "T D C(SELECT 1) T C(SELECT 1) Z(I)"},
		}},
		"a refused statement": {steps: []step{
			{client: ofClient(query("refuse")), toServer: "Q(" + refusedSQL + ")"},
			{server: ofServer(refusedAnswer, idle), toClient: "E(42501 cordon: refused) Z(I)"},
		}},
		"a refused statement behind another": {steps: []step{
			{client: ofClient(query("q; refuse")), toServer: "Q(sent q; " + refusedSQL + ")"},
			{server: ofServer(columns(shownTable), rowOf1, selected, refusedAnswer, idle), toClient: "T D C(SELECT 1) E(42501 cordon: refused) Z(I)"},
		}},
		"the error of a statement before the refused one is its own": {steps: []step{
			{client: ofClient(query("q; refuse")), toServer: "Q(sent q; " + refusedSQL + ")"},
			{server: ofServer(failure(refusedCode, "of q"), idle), toClient: "E(22P02 of q) Z(I)"},
		}},
		"a refused statement in an aborted transaction": {steps: []step{
			{client: ofClient(query("refuse")), toServer: "Q(" + refusedSQL + ")"},
			{server: ofServer(failure("25P02", "aborted"), failing), toClient: "E(25P02 aborted) Z(E)"},
		}},
		"what waits for an outcome": {steps: []step{
			{client: ofClient(query("track"), query("q")), toServer: "Q(sent track)"},
			{server: ofServer(&pgproto3.CommandComplete{CommandTag: []byte("SET")}, idle), toClient: "C(SET) Z(I)", toServer: "Q(sent q)"},
			{server: ofServer(columns(shownTable), selected, idle), toClient: "T C(SELECT 1) Z(I)"},
		}},
		"FunctionCall": {steps: []step{
			{client: []byte{'F', 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, toServer: "Q(" + refusedSQL + ")"},
			{server: ofServer(refusedAnswer, idle), toClient: "E(0A000 cordon: the FunctionCall message is not admitted in a masked session) Z(I)"},
		}},
	}
}

func extendedConversations() map[string]conversation {
	again := append(prepared("q"), executed...)
	return map[string]conversation{
		"a client that never describes": {steps: again},
		"a portal in parts": {steps: append(prepared("q"),
			step{client: ofClient(execute("p"), &pgproto3.Flush{}), toServer: "D(Pp) E(p) H"},
			step{server: ofServer(columns(shownTable), rowOf1, &pgproto3.PortalSuspended{}), toClient: "D s"},
			executed[0], executed[1])},
		"the client's own Describe just before": {steps: append(prepared("q"),
			step{client: ofClient(describe('P', "p"), execute("p"), synced), toServer: "D(Pp) E(p) S"},
			step{server: ofServer(columns(shownTable), rowOf1, selected, idle), toClient: "T D C(SELECT 1) Z(I)"})},
		"the client's own Describe with something between": {steps: append(prepared("q"),
			step{client: ofClient(describe('P', "p"), &pgproto3.Flush{}, execute("p"), synced), toServer: "D(Pp) H D(Pp) E(p) S"},
			step{server: ofServer(columns(shownTable), columns(shownTable), rowOf1, selected, idle), toClient: "T D C(SELECT 1) Z(I)"})},
		"the client describes the statement": {steps: append(prepared("q"),
			step{client: ofClient(describe('S', "s"), synced), toServer: "D(Ss) S"},
			step{server: ofServer(noParams, columns(shownTable), inside), toClient: "t T Z(T)"})},
		"a pipeline": {steps: []step{
			{client: ofClient(parse("", "q"), bind("", ""), execute(""), synced, parse("", "r"), bind("", ""), execute(""), synced),
				toServer: "P(, sent q) D(S) B() D(P) E() S P(, sent r) D(S) B() D(P) E() S"},
			{server: ofServer(parsed, noParams, columns(shownTable), bound, columns(shownTable), rowOf1, selected, idle), toClient: "1 2 D C(SELECT 1) Z(I)"},
			{server: ofServer(parsed, noParams, columns(shownTable), bound, columns(shownTable), selected, idle), toClient: "1 2 C(SELECT 1) Z(I)"},
		}},
		"no rows": {steps: append([]step{
			{client: ofClient(parse("s", "track"), bind("p", "s"), &pgproto3.Flush{}), toServer: "P(s, sent track) D(Ss) B(p<s) H"},
			{server: ofServer(parsed, noParams, &pgproto3.NoData{}, bound), toClient: "1 2"}},
			step{client: ofClient(execute("p"), synced), toServer: "D(Pp) E(p) H S"},
			step{server: ofServer(&pgproto3.NoData{}, &pgproto3.CommandComplete{CommandTag: []byte("SET")}, idle), toClient: "C(SET) Z(I)"})},
	}
}

func failedConversations() map[string]conversation {
	return map[string]conversation{
		"refused in a pipeline": {steps: []step{
			{client: ofClient(parse("a", "q"), parse("b", "refuse"), bind("", "b"), execute(""), synced, query("q")),
				toServer: "P(a, sent q) D(Sa) P(cordon.refused, " + refusedSQL + ") P(cordon.refused, " + refusedSQL + ") P(cordon.refused, " + refusedSQL + ") S Q(sent q)"},
			{server: ofServer(parsed, noParams, columns(shownTable), refusedAnswer, idle), toClient: "1 E(42501 cordon: refused) Z(I)"},
			{server: ofServer(columns(shownTable), selected, idle), toClient: "T C(SELECT 1) Z(I)"},
		}},
		"an error that comes before the client's Sync": {steps: []step{
			{client: ofClient(parse("a", "q"), &pgproto3.Flush{}), toServer: "P(a, sent q) D(Sa) H"},
			{server: ofServer(failure("42P01", "no table")), toClient: "E(42P01 no table)"},
			{client: ofClient(bind("", "a"), execute(""), query("q")), toServer: ""},
			{client: ofClient(synced, query("q")), toServer: "S Q(sent q)"},
			{server: ofServer(idle, columns(shownTable), selected, idle), toClient: "Z(I) T C(SELECT 1) Z(I)"},
		}},
		"a name that could not be taken keeps its statement": {before: func(f *fakeSession) { f.stale["sent old"] = true }, steps: []step{
			{client: ofClient(parse("s", "old"), synced), toServer: "P(s, sent old) D(Ss) S"},
			{server: ofServer(parsed, noParams, columns(shownTable), idle), toClient: "1 Z(I)"},
			{client: ofClient(parse("s", "new"), synced), toServer: "P(s, sent new) D(Ss) S"},
			{server: ofServer(failure("42P05", "exists"), idle), toClient: "E(42P05 exists) Z(I)"},
			{client: ofClient(bind("", "s"), execute(""), synced), toServer: "B(<s) P(cordon.refused, " + refusedSQL + ") S"}, // old is stale
			{server: ofServer(bound, refusedAnswer, idle), toClient: "2 E(0A000 cordon: stale) Z(I)"},
		}},
		"the text of an opaque plan's error": {steps: []step{
			{client: ofClient(query("opaque")), toServer: "Q(sent opaque)"},
			{server: ofServer(failure("22012", "raw value"), idle), toClient: "E(22012 " + withheld + ") Z(I)"},
		}},
		"an opaque plan at Bind": {steps: []step{
			{client: ofClient(parse("s", "opaque"), bind("", "s"), synced), toServer: "P(s, sent opaque) D(Ss) B(<s) S"},
			{server: ofServer(parsed, noParams, columns(shownTable), failure("22012", "raw value"), idle), toClient: "1 E(22012 " + withheld + ") Z(I)"},
		}},
		"an opaque plan at Execute": {steps: append(prepared("opaque"),
			step{client: ofClient(execute("p"), synced), toServer: "D(Pp) E(p) S"},
			step{server: ofServer(columns(shownTable), rowOf1, failure("22012", "raw value"), idle), toClient: "D E(22012 " + withheld + ") Z(I)"})},
		"a stale plan": {before: func(f *fakeSession) { f.stale["sent q"] = true }, steps: append(prepared("q"),
			step{client: ofClient(execute("p"), synced), toServer: "P(cordon.refused, " + refusedSQL + ") S"},
			step{server: ofServer(refusedAnswer, idle), toClient: "E(0A000 cordon: stale) Z(I)"})},
		"the server ends the session during cordon's own Describe": {steps: append(prepared("q"),
			step{client: ofClient(execute("p"), synced), toServer: "D(Pp) E(p) S"},
			step{server: ofServer(&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01", Message: "shutdown"}), toClient: "E(57P01 shutdown)"})},
	}
}

func nameConversations() map[string]conversation {
	unknown := func(m pgproto3.FrontendMessage, text string) conversation {
		return conversation{steps: []step{
			{client: ofClient(m, synced), toServer: "P(cordon.refused, " + refusedSQL + ") S"},
			{server: ofServer(refusedAnswer, idle), toClient: "E(" + text + ") Z(I)"},
		}}
	}
	return map[string]conversation{
		"Bind of nothing":                  unknown(bind("", "s"), `26000 prepared statement "s" does not exist`),
		"Bind of nothing without a name":   unknown(bind("", ""), `26000 unnamed prepared statement does not exist`),
		"Describe of no statement":         unknown(describe('S', "s"), `26000 prepared statement "s" does not exist`),
		"Describe of no portal":            unknown(describe('P', "p"), `34000 portal "p" does not exist`),
		"Execute of no portal":             unknown(execute("p"), `34000 portal "p" does not exist`),
		"a name of cordon's own":           unknown(parse("cordon.copy", "q"), `42602 cordon: the name "cordon.copy" is reserved`),
		"portals end with the transaction": {steps: append(append(prepared("q"), executed...), unknown(execute("p"), `34000 portal "p" does not exist`).steps...)},
		"a closed statement": {steps: append(prepared("q"),
			step{client: ofClient(&pgproto3.Close{ObjectType: 'S', Name: "s"}, synced), toServer: "C(Ss) S"},
			step{server: ofServer(closed, inside), toClient: "3 Z(T)"},
			step{client: ofClient(bind("", "s"), synced), toServer: "P(cordon.refused, " + refusedSQL + ") S"},
			step{server: ofServer(refusedAnswer, failing), toClient: `E(26000 prepared statement "s" does not exist) Z(E)`})},
		"SQL's DEALLOCATE": {steps: append(append(prepared("q"), executed...),
			step{client: ofClient(query("deallocate s"), bind("", "s"), synced), toServer: "Q(sent deallocate s)"},
			step{server: ofServer(&pgproto3.CommandComplete{CommandTag: []byte("DEALLOCATE")}, idle), toClient: "C(DEALLOCATE) Z(I)",
				toServer: "P(cordon.refused, " + refusedSQL + ") S"})},
		"SQL's PREPARE under the same name": {steps: append(append(prepared("q"), executed...),
			step{client: ofClient(query("prepare s")), toServer: "Q(sent prepare s)"},
			step{server: ofServer(&pgproto3.CommandComplete{CommandTag: []byte("PREPARE")}, idle), toClient: "C(PREPARE) Z(I)"},
			step{client: ofClient(bind("", "s"), synced), toServer: "P(cordon.refused, " + refusedSQL + ") S"})},
	}
}

func copyConversations() map[string]conversation {
	out := &pgproto3.CopyOutResponse{OverallFormat: 0, ColumnFormatCodes: []uint16{0}}
	data := &pgproto3.CopyData{Data: []byte("1\n")}
	copied := &pgproto3.CommandComplete{CommandTag: []byte("COPY 1")}
	described := ofServer(parsed, noParams, columns(shownTable), closed)
	return map[string]conversation{
		"COPY": {steps: []step{
			{client: ofClient(query("copy t")), toServer: "P(cordon.copy, inner t) D(Scordon.copy) C(Scordon.copy) S Q(sent copy t)"},
			{server: append(described, ofServer(idle, out, data, data, &pgproto3.CopyDone{}, copied, idle)...), toClient: "H d d c C(COPY 1) Z(I)"},
		}},
		"COPY of what may not leave": {steps: []step{
			{client: ofClient(query("copy t")), toServer: "P(cordon.copy, inner t) D(Scordon.copy) C(Scordon.copy) S Q(sent copy t)"},
			{server: ofServer(parsed, noParams, columns(99)), ends: "egress alarm"},
		}},
		"COPY whose query was not described": {steps: []step{
			{client: ofClient(query("copy t")), toServer: "P(cordon.copy, inner t) D(Scordon.copy) C(Scordon.copy) S Q(sent copy t)"},
			{server: ofServer(failure("42P01", "gone"), idle, out), ends: "egress alarm"},
		}},
		"COPY by the extended protocol": {steps: []step{
			{client: ofClient(parse("s", "copy t"), bind("", "s"), execute(""), synced),
				toServer: "P(s, sent copy t) D(Ss) B(<s) P(cordon.copy, inner t) D(Scordon.copy) C(Scordon.copy) D(P) E() S"},
			{server: append(append(ofServer(parsed, noParams, &pgproto3.NoData{}, bound), described...), ofServer(&pgproto3.NoData{}, out, data, &pgproto3.CopyDone{}, copied, idle)...),
				toClient: "1 2 H d c C(COPY 1) Z(I)"},
		}},
		"COPY from the client": {steps: []step{
			{client: ofClient(query("q")), toServer: "Q(sent q)"},
			{server: ofServer(&pgproto3.CopyInResponse{ColumnFormatCodes: []uint16{0}}), ends: "egress alarm"},
		}},
	}
}

func otherConversations() map[string]conversation {
	return map[string]conversation{
		"notices": {steps: []step{
			{client: ofClient(query("q")), toServer: "Q(sent q)"},
			{server: ofServer(&pgproto3.NoticeResponse{SeverityUnlocalized: "LOG", Message: "plan"}, &pgproto3.NoticeResponse{SeverityUnlocalized: "DEBUG1"},
				&pgproto3.NoticeResponse{SeverityUnlocalized: "NOTICE", Message: "hello"}, selected, idle), toClient: "N C(SELECT 1) Z(I)"},
		}},
		"notices of rows whose order is hidden": {steps: []step{
			{client: ofClient(query("quiet")), toServer: "Q(sent quiet)"},
			{server: ofServer(&pgproto3.NoticeResponse{SeverityUnlocalized: "NOTICE", Message: "hello"}, selected, idle), toClient: "C(SELECT 1) Z(I)"},
		}},
		"notifications": {steps: []step{{server: ofServer(&pgproto3.NotificationResponse{Channel: "listed"}, &pgproto3.NotificationResponse{Channel: "other"}), toClient: "A"}}},
		"parameters":    {steps: []step{{server: ofServer(&pgproto3.ParameterStatus{Name: "TimeZone", Value: "UTC"}, &pgproto3.ParameterStatus{Name: "secret", Value: "key"}), toClient: "S"}}},
		"goodbye":       {steps: []step{{client: ofClient(&pgproto3.Terminate{}), toServer: "X", ends: "terminated"}}},
		"a second startup packet": {steps: []step{
			{client: []byte{0, 0, 0, 9, 0, 3, 0, 0, 0}, ends: "invalid frontend message type"},
		}},
		"a message without end":      {steps: []step{{client: []byte{'Q', 0x3f, 0xff, 0xff, 0xff}, ends: "longer than the limit"}}},
		"a message of negative size": {steps: []step{{client: []byte{'Q', 0xff, 0xff, 0xff, 0xff}, ends: "protocol violation"}}},
		"text without an end":        {steps: []step{{client: []byte{'Q', 0, 0, 0, 5, 'x'}, ends: "invalid string"}}},
	}
}

func alarmConversations() map[string]conversation {
	after := func(answer []byte) conversation {
		return conversation{steps: []step{{client: ofClient(query("q")), toServer: "Q(sent q)"}, {server: answer, ends: "egress alarm"}}}
	}
	all := map[string]conversation{
		"a column of a hidden table": after(ofServer(columns(99), rowOf1)),
		"a hidden column that the plan did not foretell": {steps: []step{{client: ofClient(query("anywhere")), toServer: "Q(sent anywhere)"},
			{server: ofServer(columns(99), rowOf1), ends: "egress alarm"}}},
		"a column more than planned":      after(ofServer(columns(shownTable, shownTable), rowOf1)),
		"a row without a description":     after(ofServer(rowOf1)),
		"a row behind the end":            after(ofServer(&pgproto3.CopyOutResponse{})),
		"a message nobody asks for":       after([]byte{'W', 0, 0, 0, 7, 0, 0, 0}),
		"a row that nothing asked for":    {steps: []step{{server: ofServer(rowOf1), ends: "egress alarm"}}},
		"a portal that became another":    {steps: append(prepared("q"), executed[0], step{server: ofServer(columns(99), rowOf1), ends: "egress alarm"})},
		"a portal that was not described": {steps: append(prepared("q"), executed[0], step{server: ofServer(rowOf1), ends: "egress alarm"})},
	}
	return all
}
