package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cordon-db/cordon/e2e/attacks"
	"github.com/cordon-db/cordon/e2e/queries"
)

// versionStatements are how many random statements TestVersions plays against the twin and between the worlds on each version.
const versionStatements = 100

// TestVersions keeps every supported version tested: what differs by version, the corpus, catalog queries and random statements against the twin, the attacks and random
// statements between the worlds. To be quick, a version plays every second query and attack, and the next version the others; the flag -server runs any test
// in full on a version.
func TestVersions(t *testing.T) {
	t.Parallel()
	corpus, err := queries.Load(queries.Files)
	if err != nil {
		t.Fatal(err)
	}
	all, err := attacks.Load(attacks.Files)
	if err != nil {
		t.Fatal(err)
	}
	for i, version := range []int{15, 14, 16, 17, 18} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			t.Run("random", func(t *testing.T) {
				s := twinnedSubject(t)
				s.server = version
				p := twins(t, s)
				g, sc := p.serve(t, nil), newScore()
				p.playRandom(t, g, sc, versionStatements, 0)
				sc.judge(t)
				p.playDifferences(t, g)
			})
			if version == 15 { // what the other tests run on, as scripts/setup has it
				return
			}
			t.Run("corpus", func(t *testing.T) {
				s := corpusSubject(t)
				s.server = version
				p := twins(t, s)
				p.playCorpus(t, p.serve(t, nil), everySecond(corpus, i))
			})
			if version > 15 { // its schema has a publication of columns, which 14 lacks
				t.Run("introspection", func(t *testing.T) {
					s := introspectionSubject(t)
					s.server = version
					p := twins(t, s)
					p.playIntrospection(t, p.serve(t, nil))
				})
			}
			t.Run("worlds", func(t *testing.T) {
				g := executedWorlds(t, version, orderHidden)
				playAttacks(t, g, everySecond(all, i))
				if differ := playRandom(t, g, versionStatements, choosingStep, func(stream []byte) []byte { return stream }); len(differ) > 0 {
					t.Errorf("%d random statements differ", len(differ))
				}
			})
		})
	}
}

// everySecond is half of a list.
func everySecond[T any](list []T, from int) []T {
	var half []T
	for i := from % 2; i < len(list); i += 2 {
		half = append(half, list[i])
	}
	return half
}

// playDifferences plays versions.txt. A refusal is fine.
func (p pair) playDifferences(t *testing.T, g *gateway) {
	cordon, direct := p.sessions(t, g)
	defer cordon.close()
	defer direct.close()
	s := newScore()
	text, err := os.ReadFile("versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	line := 0
	for sql := range strings.Lines(string(text)) {
		line++
		if sql = strings.TrimSpace(sql); sql == "" || strings.HasPrefix(sql, "-- ") {
			continue
		}
		s.play(t, cordon, direct, queries.Query{File: "versions.txt", Line: line, SQL: sql})
	}
	for _, d := range s.differences {
		t.Error(d)
	}
	t.Logf("%v; %v", s, s.refusals)
	if s.refused > 30 || s.played < 70 {
		t.Errorf("%d of %d refused", s.refused, s.played)
	}
}
