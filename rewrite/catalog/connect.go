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
)

// Connector returns the connect function of a Source: cordon's own login to a database, on the first host that answers.
// The password file is read at every connect, so that a password can be changed without a restart.
func Connector(hosts []string, database, user, passwordFile string) func(context.Context) (*pgx.Conn, error) {
	return func(ctx context.Context) (*pgx.Conn, error) {
		password := ""
		if passwordFile != "" {
			text, err := os.ReadFile(passwordFile)
			if err != nil {
				return nil, fmt.Errorf("catalog: reading the login's password: %w", err)
			}
			password = strings.TrimRight(string(text), "\r\n")
		}
		var errs []error
		for _, hostport := range hosts {
			host, port, err := net.SplitHostPort(hostport)
			if err != nil {
				return nil, fmt.Errorf("catalog: host %s: %w", hostport, err)
			}
			number, err := strconv.ParseUint(port, 10, 16)
			if err != nil {
				return nil, fmt.Errorf("catalog: port of %s: %w", hostport, err)
			}
			conf, err := pgx.ParseConfig("sslmode=disable application_name=cordon-catalog")
			if err != nil {
				return nil, fmt.Errorf("catalog: %w", err)
			}
			conf.Host, conf.Port, conf.Database, conf.User, conf.Password = host, uint16(number), database, user, password
			conn, err := pgx.ConnectConfig(ctx, conf)
			if err == nil {
				return conn, nil
			}
			errs = append(errs, err)
		}
		return nil, fmt.Errorf("catalog: connecting to %s: %w", database, errors.Join(errs...))
	}
}
