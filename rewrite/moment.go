package rewrite

import (
	"regexp"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// A point in time that depends on no row, as now(), CURRENT_DATE, date '2024-01-01', the month that these are in, and these moved a few times by a short interval, is computed without
// an error: it stays far within what the types hold, 4714 BC to the year 294276. info.moment is 1 for one, and 1 more for each time that it was moved.

// mostMoved is how often a moment can be moved by less than a thousand years.
const mostMoved = 4

// moments are functions of no argument that give the time of the transaction.
var moments = map[string]bool{"now": true, "transaction_timestamp": true, "statement_timestamp": true}

// momentOf is the moment that a call gives, of which argument is the last argument's.
func momentOf(f *pg.FuncCall, name string, argument int) int {
	switch {
	case f.Over != nil || f.AggFilter != nil || f.FuncVariadic || f.AggDistinct || len(f.AggOrder) > 0:
	case len(f.Args) == 0 && moments[name]:
		return 1
	case len(f.Args) == 2 && name == "date_trunc" && truncates[f.Args[0].GetAConst().GetSval().GetSval()] && argument > 0 && argument <= mostMoved:
		return argument + 1 // the century before a decade's beginning is another one
	}
	return 0
}

// momentType is the type of the moment that a call of these arguments gives.
func momentType(args []uint32) uint32 {
	if len(args) == 2 && args[1] == oidTimestamp {
		return oidTimestamp
	}
	return oidTimestampTZ // a date is made one
}

// truncates are fields that date_trunc takes of a date as of a time, and whose beginning is at most a thousand years before.
var truncates = map[string]bool{"second": true, "minute": true, "hour": true, "day": true, "week": true, "month": true, "quarter": true, "year": true, "decade": true, "century": true}

var timeTypes = map[uint32]bool{oidDate: true, oidTimestamp: true, oidTimestampTZ: true}

// plainTime is a date, or a time, of a year of four digits, which every DateStyle reads alike.
var plainTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$`)

// castMoment is the moment that a cast gives.
func castMoment(x *pg.TypeCast, oid uint32, arg info) int {
	switch text := x.Arg.GetAConst().GetSval(); {
	case !timeTypes[oid]:
		return 0
	case text != nil && plainTime.MatchString(text.Sval):
		return 1
	}
	return arg.moment
}

var shortSpan = regexp.MustCompile(`^-?(\d{1,4} (second|minute|hour|day|week|month)|\d{1,3} year)s?$`)

// isSpan recognises a literal such as INTERVAL '30 days', of less than a thousand years.
func isSpan(oid uint32, arg *pg.Node) bool {
	c := arg.GetAConst().GetSval()
	return oid == oidInterval && c != nil && shortSpan.MatchString(strings.ToLower(c.Sval))
}

// isDays recognises a number of days, by which dates are moved, of less than a thousand years.
func isDays(days int32) bool { return -364_000 < days && days < 364_000 }

// isMoved recognises a moment that is moved by a span.
func isMoved(op string, l, r info) bool {
	return (op == "+" || op == "-") && l.moment > 0 && l.moment <= mostMoved && r.span || op == "+" && l.span && r.moment > 0 && r.moment <= mostMoved
}
