// Package pgcluster starts throw-away Postgres clusters: for `cordon demo` and for tests.
package pgcluster
