package config

import (
	"errors"
	"net/netip"
	"strings"
)

// implicitZone is where a session ends that no rule places.
const implicitZone = "masked"

// Zone places a session: the first zone of the file whose conditions all hold, otherwise the implicit zone "masked".
// The address is that of the client's connection; an invalid one (a unix socket) is in no network.
func (c *Config) Zone(user string, addr netip.Addr) Zone {
	addr = addr.Unmap().WithZone("")
	// Servers up to 16 cut a longer user name to 63 bytes: the user that a pattern judged here would not be
	// the role that the server logs in. No role has such a name, so nothing is lost by masking it.
	if len(user) <= maxName {
		for _, zone := range c.Zones {
			if zone.matchesUser(user) && zone.matchesAddr(addr) {
				return zone
			}
		}
	}
	return Zone{Name: implicitZone, Access: AccessMasked}
}

func (z Zone) matchesUser(user string) bool {
	for _, pattern := range z.Users {
		if matchPattern(pattern, user) {
			return true
		}
	}
	return len(z.Users) == 0
}

func (z Zone) matchesAddr(addr netip.Addr) bool {
	for _, network := range z.Networks {
		if network.Contains(addr) {
			return true
		}
	}
	return len(z.Networks) == 0
}

// matchPattern matches a name against a pattern in which * stands for any characters, also none.
func matchPattern(pattern, name string) bool {
	first, rest, starred := strings.Cut(pattern, "*")
	if !starred {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		middle, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, rest)
		}
		at := strings.Index(name, middle)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(middle):], after
	}
}

// covers says that every session that other matches is matched by z too.
func (z Zone) covers(other Zone) bool {
	users := len(z.Users) == 0 || len(other.Users) > 0
	for _, pattern := range other.Users {
		// A pattern taken as a name is matched only if each of its stars meets a star.
		users = users && z.matchesUser(pattern)
	}
	networks := len(z.Networks) == 0 || len(other.Networks) > 0
	for _, network := range other.Networks {
		networks = networks && z.containsNetwork(network)
	}
	return users && networks
}

func (z Zone) containsNetwork(n netip.Prefix) bool {
	for _, network := range z.Networks {
		if network.Bits() <= n.Bits() && network.Contains(n.Addr()) {
			return true
		}
	}
	return len(z.Networks) == 0
}

// everybody says that the conditions exclude nobody: there are none, or * and /0.
func (z Zone) everybody() bool {
	users, networks := len(z.Users) == 0, len(z.Networks) == 0
	for _, pattern := range z.Users {
		users = users || strings.Trim(pattern, "*") == ""
	}
	for _, network := range z.Networks {
		networks = networks || network.Bits() == 0
	}
	return users && networks
}

// readZones reads the zones in the order of the file and judges them against each other.
func readZones(root *section, cfg *Config) {
	names := map[string]bool{}
	for _, s := range root.array("zone") {
		before := len(s.doc.list)
		zone := readZone(s)
		if zone.Name != "" && names[zone.Name] {
			s.fail("name", "a second zone named %q", zone.Name)
		}
		names[zone.Name] = true
		for _, earlier := range cfg.Zones {
			if len(s.doc.list) == before && earlier.covers(zone) {
				s.fail("match", "never reached: zone %q (%s), which stands before it, takes every session that matches", earlier.Name, earlier.Access)
			}
		}
		cfg.Zones = append(cfg.Zones, zone)
	}
}

func readZone(s *section) Zone {
	defer s.close()
	zone := Zone{Access: AccessMasked}
	name, ok := s.text("name")
	if _, present := s.values["name"]; !present {
		s.fail("name", "is missing")
	}
	zone.Name = name
	if _, present := s.values["access"]; !present {
		s.fail("access", `is missing: write "passthrough" or "masked"`)
	}
	zone.Access = Access(s.choice("access", string(AccessMasked), string(AccessPassthrough)))
	broken := len(s.doc.list)
	if m := s.table("match"); m != nil {
		readMatch(m, &zone)
		m.close()
	}
	if zone.Access != AccessPassthrough || len(s.doc.list) != broken {
		return zone
	}
	if zone.everybody() {
		s.fail("match", "a passthrough zone needs a condition that leaves somebody out: everybody would see the raw data")
	}
	if ok && name == implicitZone {
		s.fail("name", "%q is the zone of sessions that no rule places; a passthrough zone needs another name", name)
	}
	return zone
}

func readMatch(s *section, zone *Zone) {
	s.refuse("countries", "matching by country is not in this version of cordon; use networks")
	s.refuse("certificates", "matching by client certificate is not in this version of cordon; use users")
	zone.Users = s.list("users", checkPattern)
	s.list("networks", func(text string) error {
		network, err := parseNetwork(text)
		zone.Networks = append(zone.Networks, network)
		return err
	})
}

// checkPattern refuses what other pattern languages would read as more than a letter: a rule that silently matches
// nobody could leave a session to a later, more open zone.
func checkPattern(pattern string) error {
	switch {
	case strings.ContainsAny(pattern, `?[]\`):
		return errors.New(`in a user pattern only * is special; ? [ ] \ are not allowed`)
	case len(pattern) > maxName:
		return errors.New("the pattern is longer than a user name can be")
	}
	for _, r := range pattern {
		if r <= ' ' || r == 0x7f {
			return errors.New("blanks and control characters are not allowed in a user pattern")
		}
	}
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return network, errors.New("write a network as address/bits, one address as /32 or /128")
	case network.Addr().Is4In6():
		return network, errors.New("write an IPv4 network in IPv4 form; addresses are compared in that form")
	case network != network.Masked():
		return network, errors.New("has bits behind its prefix; did you mean " + network.Masked().String() + "?")
	}
	return network, nil
}
