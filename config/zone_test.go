package config

import (
	"net/netip"
	"strings"
	"testing"
)

const zoneFile = `
upstream.hosts = ["a:1"]
[[zone]]
name = "interns"
access = "masked"
match = { users = ["eu_intern_*"] }
[[zone]]
name = "eu"
access = "passthrough"
match = { users = ["eu_*", "*_ie", "boss"], networks = ["10.20.0.0/16", "fd00::/8"] }
`

// TestZone: all conditions hold, the first match wins, and nobody is passed by accident.
func TestZone(t *testing.T) {
	cfg, err := Parse("zones.toml", []byte(zoneFile))
	if err != nil {
		t.Fatal(err)
	}
	cut := "li" + strings.Repeat("x", 61) + "_ie" // the server would cut it to 63 bytes
	for _, c := range []struct{ user, addr, zone string }{
		{"eu_anna", "10.20.1.2", "eu"},
		{"anna_ie", "fd00::1", "eu"},
		{"boss", "::ffff:10.20.1.2", "eu"},
		{"boss", "fd00::1%eth0", "eu"},
		{"boss2", "10.20.1.2", "masked"},
		{"xeu_", "10.20.1.2", "masked"},
		{"EU_anna", "10.20.1.2", "masked"},
		{"eu_anna", "10.21.1.2", "masked"},
		{"eu_anna", "::ffff:10.21.0.1", "masked"},
		{"eu_intern_bo", "10.20.1.2", "interns"},
		{"li.wei", "10.20.1.2", "masked"},
		{"", "10.20.1.2", "masked"},
		{cut, "10.20.1.2", "masked"},
		{"eu_anna", "", "masked"}, // a unix socket
	} {
		var addr netip.Addr
		if c.addr != "" {
			addr = netip.MustParseAddr(c.addr)
		}
		zone := cfg.Zone(c.user, addr)
		if zone.Name != c.zone || (zone.Access == AccessPassthrough) != (c.zone == "eu") {
			t.Errorf("Zone(%q, %s) = %s (%s), wanted %s", c.user, c.addr, zone.Name, zone.Access, c.zone)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*", "a", true}, {"a*c", "abc", true}, {"a*c", "acb", false},
		{"a*a", "a", false}, {"*b*", "abc", true}, {"a*b*b", "ab", false}, {"a**b", "ab", true}, {"*ab", "aab", true}, {"", "", true},
	} {
		if got := matchPattern(c.pattern, c.name); got != c.want {
			t.Errorf("matchPattern(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}
