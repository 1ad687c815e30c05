package masking

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// orderSeed is the seed as the SQL form computes it.
func (k *Key) orderSeed() int64 {
	sum := sha256.Sum256(append(append([]byte(nil), k.bytes[:]...), tagOrder))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// TestOrderKey compares the key with the server's hash under the seed that Go derives, and asks the planner whether the seed is computed once.
func TestOrderKey(t *testing.T) {
	conn, key := connect(t, hostile), testKey(t, "user")
	for _, typ := range []Type{typeInt4, typeInt8, typeUUID, typeText, typeVarchar} {
		column := "r.x"
		if typ == typeText || typ == typeVarchar {
			column += ` COLLATE "C"`
		}
		expression := OrderHash(typ.OID) + "(" + column + "," + OrderSeedSQL("user") + ")"
		values := samples(typ, 500)
		got := evaluate(t, conn, typ, expression, values)
		want := query(t, conn, fmt.Sprintf("SELECT %s(x, %d) FROM pg_temp.sample ORDER BY n", OrderHash(typ.OID), key.orderSeed()))
		if len(got) != len(values) || !slices.Equal(got, want) {
			t.Errorf("%s: %.3q, want %.3q", typ.Name, got, want)
		}
		plan := strings.Join(query(t, conn, "EXPLAIN SELECT x FROM pg_temp.sample r ORDER BY "+expression), "\n")
		if !strings.Contains(plan, "InitPlan") || strings.Contains(plan, "SubPlan") {
			t.Errorf("%s: the seed is not computed once: %s", typ.Name, plan)
		}
	}
}
