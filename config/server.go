package config

import (
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cordon-db/cordon/masking"
)

// What holds where the file says nothing.
const (
	defaultAddress        = "127.0.0.1:6432"
	defaultStartupTimeout = 10 * time.Second
	defaultMaxMessage     = 16 << 20
	defaultRefresh        = 30 * time.Second
	defaultLoadGap        = time.Second
)

const noTLS = "TLS is not in this version of cordon; remove the key and keep this leg on a trusted network"

func readListen(root *section) Listen {
	l := Listen{Address: defaultAddress, StartupTimeout: defaultStartupTimeout, MaxMessage: defaultMaxMessage}
	s := root.table("listen")
	if s == nil {
		return l
	}
	defer s.close()
	s.refuse("tls", noTLS)
	if address, ok := s.text("address"); ok {
		l.Address = address
		if err := checkAddress(address, 0); err != nil {
			s.fail("address", "%v", err)
		}
	}
	l.StartupTimeout = s.duration("startup_timeout", l.StartupTimeout)
	if n, ok := s.integer("max_message", 1024, 1<<30-1); ok {
		l.MaxMessage = n
	}
	return l
}

func readUpstream(root *section) Upstream {
	u := Upstream{Refresh: defaultRefresh, LoadGap: defaultLoadGap}
	s := root.table("upstream")
	if s == nil {
		if _, ok := root.values["upstream"]; !ok {
			root.fail("upstream", "is missing: cordon needs the address of a Postgres server")
		}
		return u
	}
	defer s.close()
	s.refuse("tls", noTLS)
	if _, ok := s.values["hosts"]; !ok {
		s.fail("hosts", "is missing")
	}
	u.Hosts = s.list("hosts", checkHost)
	u.Target = s.choice("target", "any", "primary", "standby")
	u.Refresh = s.duration("refresh", u.Refresh)
	if c := s.table("catalog"); c != nil {
		u.Catalog.User, _ = c.text("user")
		u.Catalog.PasswordFile = c.file("password_file")
		if _, ok := c.values["user"]; !ok {
			c.fail("user", "is missing")
		}
		c.close()
	} else if u.Target != "any" {
		s.fail("target", "%q needs catalog, by which cordon asks a host which it is", u.Target)
	}
	return u
}

func readAuth(root *section) Auth {
	a := Auth{Method: "passthrough"}
	s := root.table("auth")
	if s == nil {
		return a
	}
	defer s.close()
	method, ok := s.text("method")
	switch {
	case !ok, method == a.Method:
	case method == "scram":
		s.fail("method", `"scram" is not in this version of cordon; "passthrough" leaves the judgement to the database`)
	default:
		s.fail("method", `%q is not one of "passthrough"`, method)
	}
	return a
}

// A domain's name becomes part of a setting's name, so it is kept to what every server takes.
var domainName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

func readKeys(root *section, cfg *Config) {
	if s := root.table("keys"); s != nil {
		if m := s.table("master"); m != nil {
			cfg.Keys.Master = readKeySource(m)
		} else if _, ok := s.values["master"]; !ok {
			s.fail("master", "is missing")
		}
		s.close()
	} else if _, ok := root.values["domain"]; ok {
		if _, written := root.values["keys"]; !written {
			root.fail("domain", "domains need a key: write [keys] with master")
		}
	}
	domains := root.table("domain")
	if domains == nil {
		return
	}
	for name, s := range domains.tables() {
		if !domainName.MatchString(name) {
			s.fail("", "a domain's name is a lower-case letter and up to 30 lower-case letters, digits and _")
		}
		cfg.Domains[name] = Domain{Name: name, Order: Order(s.choice("order", string(OrderHide), string(OrderShow)))}
		s.close()
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func readKeySource(s *section) masking.KeySource {
	source := masking.KeySource{File: s.file("file"), Command: s.list("command", noZero)}
	source.Env, _ = s.text("env")
	if source.Env != "" && !envName.MatchString(source.Env) {
		s.fail("env", "%q is not the name of an environment variable", source.Env)
	}
	s.close()
	if len(s.values) != 1 {
		s.fail("", `needs exactly one of "file", "env", "command"`)
	}
	return source
}

func noZero(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("holds a zero byte")
	}
	return nil
}

// checkHost judges an upstream: host:port, or the directory of a unix socket and :port.
func checkHost(host string) error {
	if !strings.HasPrefix(host, "/") {
		return checkAddress(host, 1)
	}
	at := strings.LastIndexByte(host, ':')
	if at < 0 {
		return errors.New("write directory:port, as in \"/var/run/postgresql:5432\"")
	}
	return checkPort(host[at+1:], 1)
}

func checkAddress(address string, lowest int) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" && lowest > 0 {
		return errors.New("write host:port, an IPv6 address in brackets")
	}
	return checkPort(port, lowest)
}

func checkPort(port string, lowest int) error {
	if n, err := strconv.Atoi(port); err != nil || n < lowest || n > 65535 {
		return errors.New("the port is not a number between 1 and 65535")
	}
	return nil
}
