package proxy

import (
	"fmt"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// alarm is a result that must not leave: it ends the session.
type alarm struct{ cause string }

func (a *alarm) Error() string { return "egress alarm: " + a.cause }

// checkRow is the second wall. It does not trust the rewriter: each bare column that the server announces must be one that policy
// and catalog show, and where the plan says which it expects, that one. The server names the origin by attribute number,
// so a rename between snapshot and execution is caught (pitfall S1).
func checkRow(body []byte, session Session, plan *rewrite.Plan) error {
	var row pgproto3.RowDescription
	if err := decode(&row, body); err != nil {
		return fmt.Errorf("%w: RowDescription: %w", errProtocol, err)
	}
	if plan != nil && plan.Columns != nil && len(plan.Columns) != len(row.Fields) {
		return &alarm{fmt.Sprintf("the server announces %d columns, the plan %d", len(row.Fields), len(plan.Columns))}
	}
	for i, f := range row.Fields {
		if f.TableOID == 0 {
			continue
		}
		num := int16(f.TableAttributeNumber)
		if !session.ShowsOrigin(f.TableOID, num) {
			return &alarm{fmt.Sprintf("column %d comes from attribute %d of relation %d, which the policy does not show", i+1, num, f.TableOID)}
		}
		if plan == nil || plan.Columns == nil {
			continue
		}
		if want := plan.Columns[i]; !want.Unknown && (want.Table != f.TableOID || want.Column != num) {
			return &alarm{fmt.Sprintf("column %d comes from attribute %d of relation %d, not from attribute %d of relation %d as planned",
				i+1, num, f.TableOID, want.Column, want.Table)}
		}
	}
	return nil
}
