package attacks

import (
	"bufio"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// Files holds the corpus, schema.sql and policy.toml.
//
//go:embed *.txt schema.sql policy.toml
var Files embed.FS

// Attack is one transcript, a session of its own.
type Attack struct {
	Class, Name string
	File        string
	Line        int
	Startup     [][2]string
	Steps       []Step
}

// Verb says which messages a step sends.
type Verb string

// The verbs of steps.
const (
	Simple   Verb = "simple"
	Extended Verb = "extended"
	Describe Verb = "describe"
	Call     Verb = "call"
)

// Step is one request and the answer that it must get.
type Step struct {
	Verb     Verb
	SQL      string
	Types    []uint32  // declared for the first parameters
	Binds    []*string // nil is NULL
	Function uint32    // of a call
	Want     Want
	Line     int
}

// Outcome classifies answers.
type Outcome string

// The outcomes that a step can ask for.
const (
	Any     Outcome = "any"
	Rows    Outcome = "rows"
	Refused Outcome = "refused"
	Error   Outcome = "error"
	Closed  Outcome = "closed"
	Clean   Outcome = "clean" // rows, or a refusal of cordon; an error of the server is a leak
)

// Want is the answer that a step must get; State is empty where any SQLSTATE of the outcome will do.
type Want struct {
	Outcome Outcome
	State   string
}

// Load reads every *.txt of a directory, in the order of names.
func Load(dir fs.FS) ([]Attack, error) {
	files, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	var all []Attack
	for _, file := range files {
		attacks, err := loadFile(dir, file)
		if err != nil {
			return nil, err
		}
		if len(attacks) == 0 {
			return nil, fmt.Errorf("%s: no transcript", file)
		}
		all = append(all, attacks...)
	}
	return all, nil
}

func loadFile(dir fs.FS, file string) ([]Attack, error) {
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, err
	}
	r := reader{file: file, class: strings.TrimSuffix(file, ".txt")}
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	lines.Buffer(nil, len(data)+1)
	var pending string
	start := 0
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") && pending != "" {
			pending += "\n" + line
			continue
		}
		if err := r.directive(pending, start); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, start, err)
		}
		pending, start = line, n
	}
	if err := r.directive(pending, start); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, start, err)
	}
	if err := r.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r.attacks, nil
}

// reader collects the transcripts of one file.
type reader struct {
	file, class string
	attacks     []Attack
	open        bool // the last step still lacks its answer
}

func (r *reader) directive(line string, n int) error {
	if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	if name, ok := strings.CutPrefix(line, "-- name: "); ok {
		r.attacks = append(r.attacks, Attack{Class: r.class, Name: name, File: r.file, Line: n})
		if len(r.attacks) == 1 {
			return nil
		}
		return r.check(r.attacks[len(r.attacks)-2])
	}
	if len(r.attacks) == 0 {
		return fmt.Errorf("a directive before the first name")
	}
	a := &r.attacks[len(r.attacks)-1]
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "startup":
		return a.startup(rest)
	case "simple", "extended", "describe", "call":
		if r.open {
			return fmt.Errorf("the step before has no =>")
		}
		r.open = true
		return a.step(Verb(word), rest, n)
	case "types", "bind", "=>":
		if !r.open {
			return fmt.Errorf("%s without a step", word)
		}
		step := &a.Steps[len(a.Steps)-1]
		switch word {
		case "types":
			return step.types(rest)
		case "bind":
			return step.bind(rest)
		}
		r.open = false
		return step.want(rest)
	}
	return fmt.Errorf("unknown directive %q", word)
}

func (r *reader) finish() error {
	if len(r.attacks) == 0 {
		return nil
	}
	return r.check(r.attacks[len(r.attacks)-1])
}

// check judges a transcript that is complete.
func (r *reader) check(a Attack) error {
	if r.open || len(a.Steps) == 0 {
		return fmt.Errorf("%q has no step, or its last step no =>", a.Name)
	}
	return nil
}

func (a *Attack) startup(rest string) error {
	key, value, ok := strings.Cut(rest, "=")
	if !ok || len(a.Steps) > 0 {
		return fmt.Errorf("startup needs KEY=VALUE and stands before the first step")
	}
	a.Startup = append(a.Startup, [2]string{key, value})
	return nil
}

func (a *Attack) step(verb Verb, rest string, n int) error {
	s := Step{Verb: verb, SQL: rest, Line: n}
	if verb == Call {
		oid, argument, ok := strings.Cut(rest, " ")
		number, err := strconv.ParseUint(oid, 10, 32)
		if !ok || err != nil {
			return fmt.Errorf("call needs OID and ARGUMENT")
		}
		s.SQL, s.Function, s.Binds = "", uint32(number), []*string{&argument}
	} else if strings.TrimSpace(rest) == "" {
		return fmt.Errorf("%s without a statement", verb)
	}
	a.Steps = append(a.Steps, s)
	return nil
}

func (s *Step) types(rest string) error {
	if s.Verb != Extended {
		return fmt.Errorf("types belongs to an extended step")
	}
	for _, word := range strings.Fields(rest) {
		oid, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return fmt.Errorf("types: %w", err)
		}
		s.Types = append(s.Types, uint32(oid))
	}
	return nil
}

func (s *Step) bind(value string) error {
	if s.Verb != Extended {
		return fmt.Errorf("bind belongs to an extended step")
	}
	if value == `\N` {
		s.Binds = append(s.Binds, nil)
		return nil
	}
	s.Binds = append(s.Binds, &value)
	return nil
}

var state = regexp.MustCompile(`^[0-9A-Z]{5}$`)

func (s *Step) want(rest string) error {
	word, code, given := strings.Cut(rest, " ")
	s.Want = Want{Outcome: Outcome(word), State: code}
	switch s.Want.Outcome {
	case Any, Rows, Closed, Clean:
		if given {
			return fmt.Errorf("%s takes no SQLSTATE", word)
		}
	case Refused, Error:
		if s.Want.Outcome == Error && !given || given && !state.MatchString(code) {
			return fmt.Errorf("%s needs a SQLSTATE", word)
		}
	default:
		return fmt.Errorf("unknown answer %q", word)
	}
	return nil
}
