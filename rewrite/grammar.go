package rewrite

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The parser is Postgres 16's, the server any from 14 to 18. What only one of the two understands is refused, and says so; what both read, but not alike, too.
const parserVersion = 16

// newerCalls are words of the grammar of 17 that 16 takes for names of functions; and 18 added none.
var newerCalls = map[string]bool{"json": true, "json_scalar": true, "json_serialize": true, "json_exists": true, "json_value": true, "json_query": true, "json_table": true,
	"merge_action": true}

// plainNumber is a number, or its part before a point or behind one, to which no name is glued.
var plainNumber = regexp.MustCompile(`^\d+([eE]\d*)?$|^\$\d+$`)

// parse parses a text for a server of the session's version.
func (s *Session) parse(text string) ([]*pg.RawStmt, error) {
	stmts, err := parse(text)
	tw, _, twinErr := s.rewriter.twin(s.params.User)
	if twinErr != nil { // planning will say so
		return stmts, err
	}
	version := tw.snapshot.ServerVersion / 10000
	var syntax *Error
	switch {
	case errors.As(err, &syntax) && syntax.Code == "42601" && version != parserVersion:
		return nil, otherGrammar(syntax, text, version)
	case err != nil || version >= parserVersion:
		return stmts, err
	}
	return stmts, newerThan(version, text, stmts)
}

// otherGrammar is the answer to a text that the parser takes for an error and a server of another version may not.
func otherGrammar(syntax *Error, text string, version int) error {
	first, word, newer, glued := "", "", "", ""
	for sc := (scanner{text: text}); sc.next(); {
		switch {
		case sc.kind == tokenWord && first == "":
			first = sc.lower()
		case sc.kind == tokenNumber && !plainNumber.MatchString(sc.token()):
			glued = sc.token()
		case sc.kind == tokenOther && sc.token() == "(" && newerCalls[word], word == "at" && sc.lower() == "local":
			newer = word
		}
		word = ""
		if sc.kind == tokenWord {
			word = sc.lower()
		}
	}
	if version > parserVersion {
		switch {
		case newer == "at":
			return newerGrammar("AT LOCAL", "Write AT TIME ZONE with the name of the zone.")
		case newer != "":
			return newerGrammar(strings.ToUpper(newer), newerCallHint)
		case first == "merge", first == "insert", first == "update", first == "delete":
			return refuseStatement(&pg.Node{Node: &pg.Node_InsertStmt{}})
		}
	}
	if version < 15 && glued != "" { // the number and a name
		return refused("newer-grammar", fmt.Sprintf("cordon: %s is a number and a name on Postgres %d, and an error in the grammar of Postgres %d, which is the one that cordon reads", glued, version, parserVersion),
			"Write a space and AS between a number and a name.")
	}
	failed := *syntax
	failed.Hint = fmt.Sprintf("cordon reads the grammar of Postgres %d; this server is Postgres %d.", parserVersion, version)
	return &failed
}

const newerCallHint = "Write it with jsonb_path_query, jsonb_to_recordset, -> and ->>, for example."

func newerGrammar(what, hint string) *Error {
	return refused("newer-grammar", fmt.Sprintf("cordon: %s is not in the grammar of Postgres %d, which is the one that cordon reads", what, parserVersion), hint)
}

// newerThan refuses what servers before 16 do not read, or not alike: a text has to mean there what it means here.
func newerThan(version int, text string, stmts []*pg.RawStmt) error {
	for sc := (scanner{text: text}); sc.next(); {
		number := sc.lower()
		if sc.kind == tokenNumber && (strings.Contains(number, "_") || len(number) > 1 && number[0] == '0' && strings.IndexByte("xob", number[1]) >= 0) {
			return placed(olderServer("the number "+number, version, "Write it in decimal."), sc.start+1)
		}
	}
	var found error
	for _, stmt := range stmts {
		walkNodes(stmt.Stmt, func(n *pg.Node) {
			if err := newerNode(n, version); err != nil && found == nil {
				if found = err; isOwnRefusal(err) {
					found = at(err, placeOf(n))
				}
			}
		})
	}
	return found
}

func newerNode(n *pg.Node, version int) error {
	switch x := n.GetNode().(type) {
	case *pg.Node_RangeSubselect:
		if x.RangeSubselect.Alias == nil {
			what := "subquery"
			if len(x.RangeSubselect.Subquery.GetSelectStmt().GetValuesLists()) > 0 {
				what = "VALUES"
			}
			return &Error{Code: "42601", Message: what + " in FROM must have an alias"}
		}
	case *pg.Node_JsonObjectConstructor, *pg.Node_JsonArrayConstructor, *pg.Node_JsonArrayQueryConstructor, *pg.Node_JsonObjectAgg, *pg.Node_JsonArrayAgg:
		return olderServer("a constructor of SQL/JSON", version, "Write json_build_object, json_build_array, json_object_agg or json_agg.")
	case *pg.Node_JsonIsPredicate:
		return olderServer("IS JSON", version, "")
	case *pg.Node_XmlSerialize:
		if x.XmlSerialize.Indent {
			return olderServer("INDENT", version, "Leave it out.")
		}
	case *pg.Node_FuncCall:
		if x.FuncCall.Funcformat == pg.CoercionForm_COERCE_SQL_SYNTAX && lastString(x.FuncCall.Funcname) == "system_user" {
			return olderServer("SYSTEM_USER", version, "A column of that name needs double quotes.")
		}
	}
	return nil
}

func olderServer(what string, version int, hint string) *Error {
	return refused("newer-grammar", fmt.Sprintf("cordon: %s is of the grammar of Postgres %d, and this server is Postgres %d", what, parserVersion, version), hint)
}
