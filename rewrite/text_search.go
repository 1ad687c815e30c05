package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

// A text search configuration is a name that the server looks up. It is admitted as the first argument of a function of text search and nowhere else, since an untyped
// literal that met one, as in COALESCE, would be looked up, too (pitfall C7); and only a built-in one, since people's own tell of dictionaries and schemas.

// configTemplate is the built-in configuration that a text names. It reads no catalog, so the planner folds it where it knows the text, and indexes serve. Any
// other text raises, by a name of ours: left() of it keeps the planner from raising before it knows the text.
var configTemplate = func() string {
	var t strings.Builder
	t.WriteString(`(CASE pg_catalog.regexp_replace(pg_catalog.lower(($1)::pg_catalog.text COLLATE pg_catalog."C"), '^pg_catalog[.]', '')`)
	for _, name := range builtin.TextSearchConfigs() {
		t.WriteString(" WHEN '" + name + "' THEN 'pg_catalog." + name + "'::pg_catalog.regconfig")
	}
	t.WriteString(` ELSE CASE WHEN ($1)::pg_catalog.text IS NULL THEN NULL::pg_catalog.regconfig ` +
		`ELSE (pg_catalog.left(($1)::pg_catalog.text, 0) || '"not a built-in one"')::pg_catalog.regconfig END END)`)
	return t.String()
}()

// configs are the argument lists of a built-in function that have as many members and begin with a configuration; all says that the others begin so, too.
func (tw *twin) configs(name string, args int) (lists [][]uint32, all bool) {
	all = true
	for _, f := range tw.snapshot.Functions("pg_catalog", name) {
		switch {
		case len(f.Args) != args:
		case args > 0 && f.Args[0] == oidRegConfig:
			lists = append(lists, f.Args)
		default:
			all = false
		}
	}
	return lists, all
}

// config binds the first argument of a function, if it is a configuration as it stands: a cast to one, or a parameter that can be nothing else.
func (b *binder) config(n *pg.Node, name string, args int, sc *scope) (in info, is bool, err error) {
	lists, all := b.env.twin.configs(name, args)
	if len(lists) == 0 {
		return info{}, false, nil
	}
	given := n
	if cast := n.GetTypeCast(); cast != nil && lastString(cast.TypeName.Names) == "regconfig" && len(cast.TypeName.ArrayBounds) == 0 {
		given = cast.Arg
		if text := given.GetAConst().GetSval(); text != nil {
			if !builtin.TextSearchConfig(text.Sval) {
				return info{}, true, refusedConfig()
			}
			cast.TypeName.Names = nameNodes("pg_catalog", "regconfig")
			return info{typ: oidRegConfig, safe: true}, true, nil
		}
	} else if !all || !b.undeclared(n) {
		return info{}, false, nil
	}
	in, err = b.nameArgument(given, "regconfig", sc)
	if err == nil && !in.literal && asText(in.typ) != oidText {
		err = refusedConfig()
	}
	if err == nil {
		err = b.applyTemplate(n, configTemplate, []*pg.Node{{Node: given.Node}})
	}
	return info{typ: oidRegConfig, filtered: in.filtered}, true, err
}

// configArgument refuses what else the server could take for a configuration, or look up as one: a text that names none that is built in, and a number.
func (b *binder) configArgument(f *pg.FuncCall, name string) error {
	lists, _ := b.env.twin.configs(name, len(f.Args))
	for _, list := range lists {
		types := b.argTypes[f]
		if types[0] == oidRegConfig || !slices.EqualFunc(types[1:], list[1:], func(is, takes uint32) bool { return is == 0 || asText(is) == takes }) {
			continue
		}
		text := f.Args[0].GetAConst().GetSval()
		if text == nil && types[0] != 0 && !isNumber(types[0]) || text != nil && builtin.TextSearchConfig(text.Sval) {
			continue
		}
		return refusedConfig()
	}
	return nil
}

const configHint = "Write to_tsvector('english', ...), for example."

func refusedConfig() error {
	return refused("forbidden-type", "cordon: only built-in text search configurations are admitted, as names", configHint)
}
