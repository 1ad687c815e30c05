package catalog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Login is cordon's own login to a database.
type Login struct {
	Hosts        []string // host:port, or the folder of a unix socket with :port; tried in order
	Target       string   // what a host has to be: "any", "primary" or "standby"
	Database     string
	User         string
	PasswordFile string // read at every connect, so that a password can be changed without a restart
}

// targets are the checks of a host that accepts the login.
var targets = map[string]pgconn.ValidateConnectFunc{
	"any": nil, "": nil, "primary": pgconn.ValidateConnectTargetSessionAttrsPrimary, "standby": pgconn.ValidateConnectTargetSessionAttrsStandby,
}

// Connect logs in to the first host that answers and is what it has to be. It may be called concurrently.
func (l Login) Connect(ctx context.Context) (*pgx.Conn, error) {
	password := ""
	if l.PasswordFile != "" {
		text, err := os.ReadFile(l.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("catalog: reading the login's password: %w", err)
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	var errs []error
	for _, host := range l.Hosts {
		conn, err := l.connectHost(ctx, host, password)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("catalog: connecting to %s: %w", l.Database, errors.Join(errs...))
}

func (l Login) connectHost(ctx context.Context, hostport, password string) (*pgx.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", hostport, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", hostport, err)
	}
	conf, err := pgx.ParseConfig("sslmode=disable application_name=cordon-catalog")
	if err != nil {
		return nil, err
	}
	conf.Host, conf.Port, conf.Database, conf.User, conf.Password = host, uint16(number), l.Database, l.User, password
	conf.Fallbacks = nil
	conf.ValidateConnect = targets[l.Target]
	return pgx.ConnectConfig(ctx, conf)
}

// Suits says whether a host answers and is what the login's target asks for; the error says why not.
func (l Login) Suits(ctx context.Context, host string) error {
	l.Hosts = []string{host}
	conn, err := l.Connect(ctx)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
