package masking

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
)

// decimals is the number of digits after the point.
func decimals(number string) int {
	_, fraction, _ := strings.Cut(number, ".")
	return len(fraction)
}

// unscaled is a decimal number times 10^scale; scale is at least its number of decimals.
func unscaled(number string, scale int) (*big.Int, bool) {
	whole, fraction, _ := strings.Cut(number, ".")
	return new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
}

// power10 is 10^n.
func power10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// precision is that of numeric(p,s); limited is false where the column has none.
func (t Type) precision() (precision, scale int, limited bool) {
	if t.OID != oidNumeric || t.Mod < 4 {
		return 0, 0, false
	}
	mod := t.Mod - 4
	return int(mod >> 16 & 0xffff), int((mod&0x7ff ^ 1024) - 1024), true // the scale is signed, in 11 bits
}

// leastValue is the least value of a type of limited range, in decimal.
func (t Type) leastValue() (string, bool) {
	switch t.OID {
	case oidInt2:
		return fmt.Sprint(math.MinInt16), true
	case oidInt4:
		return fmt.Sprint(math.MinInt32), true
	case oidInt8:
		return fmt.Sprint(math.MinInt64), true
	}
	precision, scale, limited := t.precision()
	if !limited {
		return "", false
	}
	digits := strings.Repeat("9", precision)
	switch {
	case scale <= 0:
		return "-" + digits + strings.Repeat("0", -scale), true
	case scale >= precision:
		return "-0." + strings.Repeat("0", scale-precision) + digits, true
	default:
		return "-" + digits[:precision-scale] + "." + digits[precision-scale:], true
	}
}

// bucketScale is the number of decimals of a result.
func (m Mask) bucketScale(typ Type) int {
	if _, scale, limited := typ.precision(); limited {
		return max(scale, 0)
	}
	return decimals(m.Size)
}

// checkBucket refuses a size whose multiples the column cannot hold exactly.
func (m Mask) checkBucket(typ Type) error {
	size, _ := unscaled(m.Size, 9)
	unit := big.NewInt(1_000_000_000) // of the integers: 1, in billionths
	precision, scale, limited := typ.precision()
	switch {
	case limited && (precision == 0 || scale > 1000 || scale < -1000):
		return errors.New("the column's numeric type has an unknown modifier")
	case typ.OID == oidNumeric && (!limited || scale >= 9):
		return nil
	case limited:
		unit = power10(9 - scale)
	}
	if new(big.Int).Mod(size, unit).Sign() != 0 {
		return fmt.Errorf("multiples of the bucket size %s do not fit a column of type %s", m.Size, typ.Name)
	}
	return nil
}

// hugeNumeric is a bound from which on a bucket of an unlimited numeric is an infinity: near the end of numeric's range the
// arithmetic could overflow.
const hugeNumeric = "1e131000"

// bucketSQL takes the remainder away, which is exact; a quotient would be rounded.
func (m Mask) bucketSQL(typ Type, column string) string {
	x := "(" + column + ")::pg_catalog.numeric"
	number := func(text string) string { return "'" + text + "'::pg_catalog.numeric" }
	bucket := fmt.Sprintf("%[1]s - %[1]s %% %[2]s - CASE WHEN %[1]s %% %[2]s < 0 THEN %[2]s ELSE 0 END", x, number(m.Size))
	if least, limited := typ.leastValue(); limited {
		// GREATEST passes over NULL, which has to stay NULL.
		bucket = "CASE WHEN " + column + " IS NOT NULL THEN GREATEST(" + bucket + "," + number(least) + ") END"
	} else {
		bucket = fmt.Sprintf("pg_catalog.round(%s,%d)", bucket, m.bucketScale(typ))
	}
	if typ.OID != oidNumeric {
		return bucket
	}
	// NaN is the greatest numeric, so it has to be asked for first.
	return fmt.Sprintf("CASE WHEN %[1]s = 'NaN' THEN %[1]s WHEN %[1]s > %[2]s THEN 'Infinity'::pg_catalog.numeric "+
		"WHEN %[1]s < -%[2]s THEN '-Infinity'::pg_catalog.numeric ELSE %[3]s END", x, number(hugeNumeric), bucket)
}

// bucketGo is bucketSQL on a number in text format.
func (m Mask) bucketGo(typ Type, value string) (string, error) {
	switch value {
	case "NaN", "Infinity", "-Infinity":
		if typ.OID != oidNumeric {
			return "", notA(typ.Name)
		}
		return value, nil
	}
	scale := max(decimals(value), decimals(m.Size), m.bucketScale(typ))
	least, limited := typ.leastValue()
	if limited {
		scale = max(scale, decimals(least))
	}
	x, ok := unscaled(value, scale)
	if !ok {
		return "", notA(typ.Name)
	}
	if infinity := hugeBucket(typ, x, scale); infinity != "" {
		return infinity, nil
	}
	size, _ := unscaled(m.Size, scale)
	x.Sub(x, new(big.Int).Mod(x, size)) // Mod is Euclidean, so this is the floor
	if limited {
		if lowest, _ := unscaled(least, scale); x.Cmp(lowest) < 0 {
			x = lowest
		}
	}
	return decimalText(x, scale, m.bucketScale(typ)), nil
}

// hugeBucket is the infinity that stands for a value beyond hugeNumeric, and empty for every other value.
func hugeBucket(typ Type, x *big.Int, scale int) string {
	const digits = 131000
	if _, _, limited := typ.precision(); limited || typ.OID != oidNumeric || x.BitLen() < digits*3 {
		return ""
	}
	bound := power10(digits + scale)
	switch {
	case x.Cmp(bound) > 0:
		return "Infinity"
	case x.Cmp(bound.Neg(bound)) < 0:
		return "-Infinity"
	}
	return ""
}

// decimalText writes x / 10^scale with a number of decimals that loses nothing.
func decimalText(x *big.Int, scale, decimals int) string {
	x = new(big.Int).Quo(x, power10(scale-decimals))
	digits := new(big.Int).Abs(x).String()
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals+1-len(digits)) + digits
	}
	if decimals > 0 {
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	if x.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}
