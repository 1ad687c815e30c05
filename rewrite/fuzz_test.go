package rewrite

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// seeds adds every statement of the golden files and of the attacks.
func seeds(f *testing.F) {
	f.Helper()
	goldens, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(goldens) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	attacks, err := filepath.Glob("../e2e/attacks/*.txt")
	if err != nil || len(attacks) == 0 {
		f.Fatalf("no attacks: %v", err)
	}
	directive := regexp.MustCompile(`(?s)(?:^|\n)(?:rewrite|run|parse)[^\n]*\n(.*?)\n----`)
	verb := regexp.MustCompile(`(?m)^(?:simple|extended) (.*)$`)
	for _, file := range append(goldens, attacks...) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, pattern := range []*regexp.Regexp{directive, verb} {
			for _, match := range pattern.FindAllStringSubmatch(string(text), -1) {
				f.Add(match[1])
			}
		}
	}
}

// FuzzGuard: what the guard lets pass the parser survives, and what is admitted the deparser.
func FuzzGuard(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		stmts, err := parse(text)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("not an answer: %v", err)
			}
			return
		}
		for _, stmt := range stmts {
			if stmt.Stmt.GetSelectStmt() != nil && admitQuery(stmt.Stmt) == nil {
				_, _ = deparse(stmt.Stmt)
			}
		}
	})
}

// hiddenNames are what no answer may say unless the client said it.
var hiddenNames = []string{"phone", "hidden_counter", "hidden_view", "hidden_totals", "breed", "body"}

// FuzzRewrite: planning ends with an answer, what is sent reads only what the policy shows, and names nothing hidden of its own accord.
func FuzzRewrite(f *testing.F) {
	seeds(f)
	rw := newTestRewriter(f, parsedPolicy(f, nil), "app", &storedCatalog{current: storedSnapshot(f)})
	sealing := newTestRewriter(f, parsedPolicy(f, sealedPolicy), "app", &storedCatalog{current: storedSnapshot(f)})
	f.Fuzz(func(t *testing.T, text string) {
		s := newTestSession(t, sealing)
		sealed, sealedErr := s.Query(t.Context(), text)
		for _, p := range sealed {
			checkSent(t, s, p)
		}
		s = newTestSession(t, rw)
		plans, err := s.Query(t.Context(), text)
		if err != nil {
			if codeOf(err) == "" {
				t.Fatalf("not an answer: %v", err)
			}
			noHiddenNames(t, text, err.Error())
		}
		for _, p := range plans {
			checkSent(t, s, p)
			noHiddenNames(t, text, p.SQL)
		}
		if codeOf(err) != codeOf(sealedErr) {
			t.Errorf("sealed %v, else %v", sealedErr, err)
		}
		again, againErr := newTestSession(t, rw).Query(t.Context(), text)
		if (err == nil) != (againErr == nil) || len(plans) != len(again) {
			t.Fatalf("planned in two ways: %v, %v", err, againErr)
		}
		for i, p := range plans {
			if again[i].SQL != p.SQL {
				t.Errorf("planned in two ways:\n%s\n%s", p.SQL, again[i].SQL)
			}
		}
	})
}

// noHiddenNames: escapes of the client's could spell a name in many ways, so texts with escapes are not judged.
func noHiddenNames(t *testing.T, text, answer string) {
	t.Helper()
	given := strings.ToLower(text)
	if strings.ContainsAny(given, `\!`) || strings.Contains(given, "u&") {
		return
	}
	for _, name := range hiddenNames {
		if strings.Contains(answer, name) && !strings.Contains(given, name) {
			t.Errorf("%s is named in the answer to %q: %s", name, text, answer)
		}
	}
}

// pathModel is search_path as Postgres keeps it, without savepoints: a value of the session, one of the transaction, one at its begin.
type pathModel struct {
	session, begin string
	local          *string
	explicit, bad  bool
}

func (m *pathModel) value() string {
	if m.local != nil {
		return *m.local
	}
	return m.session
}

func (m *pathModel) end(commit bool) {
	if !commit {
		m.session = m.begin
	}
	m.begin, m.local, m.explicit, m.bad = m.session, nil, false, false
}

// FuzzSearchPath plays messages made of bytes against the model; and what SHOW says can be SET again.
func FuzzSearchPath(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, `"$user", public`)
	f.Add([]byte{4, 0, 1, 5, 4, 1, 6, 4, 2, 7, 0, 5, 3}, `app, "A b", shadow`)
	f.Add([]byte{4, 1, 0, 7, 6}, `"a""b",c`)
	rw := newTestRewriter(f, parsedPolicy(f, nil), "app", &storedCatalog{current: storedSnapshot(f)})
	f.Fuzz(func(t *testing.T, messages []byte, path string) {
		parts, err := catalog.SplitPath(path)
		if err != nil || len(parts) == 0 || len(messages) > 100 {
			return
		}
		s := newTestSession(t, rw)
		var quotedParts []string
		for _, p := range parts {
			if p == "" || len(p) > 63 {
				return // no identifier, or one that is cut
			}
			quotedParts = append(quotedParts, quoteLiteral(p))
		}
		set := "search_path TO " + strings.Join(quotedParts, ", ")
		plan, err := s.Parse(t.Context(), "SET "+set, nil)
		if err != nil {
			return // not a name that the server would take
		}
		value := plan.effect.path
		again, err := s.Parse(t.Context(), "SET search_path TO "+value, nil)
		if err != nil || again.effect.path != value {
			t.Fatalf("SHOW says %s, which sets %v, %v", value, again, err)
		}
		model := &pathModel{session: s.state.setting(), begin: s.state.setting()}
		for _, op := range messages {
			playModel(t, s, model, op%9, set, value)
			if got := s.state.setting(); got != model.value() {
				t.Fatalf("after %v of %v: %s, the model says %s", op%9, messages, got, model.value())
			}
		}
	})
}

// playModel plays one message to the session and the model.
func playModel(t *testing.T, s *Session, m *pathModel, op byte, set, value string) {
	text := []string{"SET " + set, "SET LOCAL " + set, "RESET search_path", "SET LOCAL search_path TO DEFAULT", "BEGIN", "COMMIT", "ROLLBACK", "DELETE FROM users", "SELECT 1"}[op]
	if m.bad && op != 5 && op != 6 {
		return // the server refuses everything but the end
	}
	_, err := play(s, text)
	if err != nil && op != 7 {
		t.Fatalf("%s: %v", text, err)
	}
	initial := `"$user", public`
	switch op {
	case 0:
		m.session, m.local = value, nil
	case 1:
		m.local = &value
	case 2:
		m.session, m.local = initial, nil
	case 3:
		m.local = &initial
	case 4:
		m.explicit = true
	case 5:
		m.end(!m.bad)
	case 6:
		m.end(false)
	case 7:
		m.bad = m.explicit
	}
	if !m.explicit {
		m.end(op != 7 && op != 6)
	}
}
