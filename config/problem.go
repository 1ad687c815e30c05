package config

import (
	"errors"
	"fmt"
	"sort"
)

// Problem is one mistake in a configuration file. The error of Load joins all of them, sorted by line.
type Problem struct {
	File string
	Line int
	Key  string // path of the key, as in zone[1].access; empty for a mistake of the file as a whole
	Text string
}

// Error says file, line and key before the mistake.
func (p Problem) Error() string {
	if p.Key == "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.Key, p.Text)
}

// problems collects mistakes, so that one run of `cordon check` names them all.
type problems struct{ list []Problem }

func (ps *problems) add(p Problem) { ps.list = append(ps.list, p) }

// err joins the problems in the order of the file; nil if there are none.
func (ps *problems) err() error {
	sortProblems(ps.list)
	errs := make([]error, len(ps.list))
	for i, p := range ps.list {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// sortProblems puts problems into the order of the file.
func sortProblems(list []Problem) {
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].Line != list[j].Line {
			return list[i].Line < list[j].Line
		}
		return list[i].Key < list[j].Key
	})
}
