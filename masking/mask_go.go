package masking

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrNoGoForm is returned by Apply for a sql mask, which only a server can evaluate.
var ErrNoGoForm = errors.New("a sql mask has no Go form")

// Apply is the mask on a value that is not NULL, in Postgres' text format under DateStyle ISO and TimeZone UTC. The result is in
// the same format, and equals that of the SQL form.
func (m Mask) Apply(typ Type, value []byte) ([]byte, error) {
	if m.Kind == MaskSQL {
		return nil, ErrNoGoForm
	}
	if err := m.fits(typ); err != nil {
		return nil, err
	}
	masked, err := m.apply(typ, string(value))
	if err != nil {
		return nil, fmt.Errorf("mask %s: %w", m.Kind, err)
	}
	return []byte(masked), nil
}

func (m Mask) apply(typ Type, value string) (string, error) {
	switch m.Kind {
	case MaskConstant:
		text, _ := constantText(typ, m.Value)
		return text, nil
	case MaskPartial:
		return typ.cut(m.partial(typ.unpadded(value))), nil
	case MaskEmail:
		return typ.cut(maskEmail(typ.unpadded(value))), nil
	case MaskYear, MaskMonth, MaskDay:
		return truncate(m.Kind, typ, value)
	case MaskBucket:
		return m.bucketGo(typ, value)
	case MaskIPPrefix:
		return m.prefix(typ, value)
	case MaskRemoveKeys:
		return m.removeKeys(typ, value)
	default:
		return "", fmt.Errorf("unknown mask %q", string(m.Kind))
	}
}

// unpadded is a value of char(n) as SQL sees it.
func (t Type) unpadded(value string) string {
	if t.OID == oidBPChar {
		return strings.TrimRight(value, " ")
	}
	return value
}

func (m Mask) partial(value string) string {
	count, kept := utf8.RuneCountInString(value), m.KeepFirst+m.KeepLast
	if count <= kept {
		return strings.Repeat("*", count)
	}
	characters := []rune(value)
	return string(characters[:m.KeepFirst]) + strings.Repeat("*", count-kept) + string(characters[count-m.KeepLast:])
}

func maskEmail(value string) string {
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return "***"
	}
	domain := value[at:]
	if value[0] == '@' {
		return "***" + domain
	}
	_, size := utf8.DecodeRuneInString(value)
	return value[:size] + "***" + domain
}

// truncate works on the text: "2006-01-02 15:04:05.999999+00 BC".
func truncate(kind MaskKind, typ Type, value string) (string, error) {
	if value == "infinity" || value == "-infinity" {
		return value, nil
	}
	value, bc := strings.CutSuffix(value, " BC")
	day, clock, _ := strings.Cut(value, " ")
	parts := strings.Split(day, "-")
	if len(parts) != 3 {
		return "", notA(typ.Name)
	}
	suffix := ""
	switch typ.OID {
	case oidTimestamp:
		suffix = " 00:00:00"
	case oidTimestampTZ:
		if !strings.HasSuffix(clock, "+00") {
			return "", errors.New("the value is not in UTC")
		}
		suffix = " 00:00:00+00"
	}
	if bc {
		suffix += " BC"
	}
	year, month := parts[0], parts[1]
	switch {
	case kind == MaskDay:
		return day + suffix, nil
	case bc && year == "4714" && (kind == MaskYear || month == "11"): // the calendar's first days: see truncateSQL
		return "4714-11-24" + suffix, nil
	case kind == MaskMonth:
		return year + "-" + month + "-01" + suffix, nil
	default:
		return year + "-01-01" + suffix, nil
	}
}

func (m Mask) prefix(typ Type, value string) (string, error) {
	network, err := parseInet(value)
	if err != nil {
		return "", notA(typ.Name)
	}
	bits := m.V6
	if network.Addr().Is4() {
		bits = m.V4
	}
	masked := netip.PrefixFrom(network.Addr(), min(bits, network.Bits())).Masked()
	if typ.OID == oidCIDR {
		return cidrText(masked), nil
	}
	return inetText(masked), nil
}

// parseInet reads an address with or without the length of its network.
func parseInet(value string) (netip.Prefix, error) {
	if strings.Contains(value, "/") {
		prefix, err := netip.ParsePrefix(value)
		if err != nil {
			return prefix, fmt.Errorf("reading a network: %w", err)
		}
		return prefix, nil
	}
	address, err := netip.ParseAddr(value)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("reading an address: %w", err)
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// inetText is inet's text format: a host's address stands without its length.
func inetText(prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return addressText(prefix.Addr())
	}
	return cidrText(prefix)
}

func cidrText(prefix netip.Prefix) string {
	return addressText(prefix.Addr()) + "/" + strconv.Itoa(prefix.Bits())
}

// addressText writes an address as Postgres does: the IPv4-compatible ones (::1.2.3.4) with dots, which netip does not.
func addressText(address netip.Addr) string {
	bytes := address.As16()
	if address.Is6() && [12]byte(bytes[:12]) == ([12]byte{}) && (bytes[12] != 0 || bytes[13] != 0) {
		return "::" + netip.AddrFrom4([4]byte(bytes[12:])).String()
	}
	return address.String()
}
