package main

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestExhibits runs the demo's comparison; and then with the EU session on both sides, where every exhibit has to fail: each is an
// expectation, none a decoration.
func TestExhibits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := &demo{}
	defer func() {
		cancel()
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := d.startDatabase(ctx); err != nil {
		t.Fatal(err)
	}
	ended, err := d.startProxy(ctx)
	if err != nil {
		t.Fatal(err)
	}
	failed, err := d.compare(ctx, io.Discard)
	if err != nil || len(failed) > 0 {
		t.Errorf("%v, %q", err, failed)
	}
	eu, err := pgx.Connect(ctx, d.dsn(demoEU))
	if err != nil {
		t.Fatal(err)
	}
	if failed := d.exhibit(ctx, io.Discard, eu, eu); len(failed) != len(exhibits) {
		t.Errorf("without masking %d of %d exhibits fail: %q", len(failed), len(exhibits), failed)
	}
	cancel()
	if err := errors.Join(eu.Close(context.Background()), <-ended); err != nil {
		t.Error(err)
	}
}
