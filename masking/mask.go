package masking

// MaskKind names a mask of the policy file.
type MaskKind string

// The masks. Each keeps the column's type, and NULL stays NULL.
const (
	MaskConstant   MaskKind = "constant"    // Value, whatever the row holds
	MaskPartial    MaskKind = "partial"     // keep KeepFirst and KeepLast characters, '*' for each one between
	MaskEmail      MaskKind = "email"       // first character of the local part, "***", the domain
	MaskYear       MaskKind = "year"        // truncate date, timestamp, timestamptz (in UTC) to the year
	MaskMonth      MaskKind = "month"       // to the month
	MaskDay        MaskKind = "day"         // to the day
	MaskBucket     MaskKind = "bucket"      // floor(value / Size) * Size, for integers and numeric
	MaskIPPrefix   MaskKind = "ip_prefix"   // keep V4 or V6 leading bits of an inet or cidr
	MaskRemoveKeys MaskKind = "remove_keys" // remove top-level Keys of a jsonb or json object
	MaskSQL        MaskKind = "sql"         // Expression over the row's own columns
)

// Mask is one mask with its arguments; the zero value is not a mask.
type Mask struct {
	Kind       MaskKind
	Value      string   // constant
	KeepFirst  int      // partial
	KeepLast   int      // partial
	Size       string   // bucket: a positive decimal number
	V4, V6     int      // ip_prefix, bits
	Keys       []string // remove_keys
	Expression string   // sql
}
