package pgcluster

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// conf makes a cluster quick and small; nothing in it has to survive a crash.
const conf = `
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 100
shared_buffers = 64MB
autovacuum = off
password_encryption = scram-sha-256
log_min_messages = warning
`

// template is the data directory that clusters of a version copy; made once, under a lock, by an atomic rename.
func template(ctx context.Context, binDir string, who *account) (string, error) {
	id := sha256.Sum256([]byte(binDir + conf + Password))
	base := filepath.Join(os.TempDir(), fmt.Sprintf("cordon-pg-template-%d-%x", os.Geteuid(), id[:6]))
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("making the template's folder: %w", err)
	}
	if err := who.own(base); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(base, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("locking the template: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("locking the template: %w", err)
	}
	data := filepath.Join(base, "data")
	if _, err := os.Stat(data); err == nil {
		return data, nil
	}
	return data, initTemplate(ctx, binDir, who, base, data)
}

func initTemplate(ctx context.Context, binDir string, who *account, base, data string) error {
	fresh, password := data+".new", filepath.Join(base, "password")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clearing an unfinished template: %w", err)
	}
	if err := os.WriteFile(password, []byte(Password), 0o600); err != nil {
		return fmt.Errorf("writing initdb's password file: %w", err)
	}
	if err := who.own(password); err != nil {
		return err
	}
	cmd := who.command(ctx, filepath.Join(binDir, "initdb"), "-D", fresh, "-N", "-E", "UTF8", "--locale=C.UTF-8",
		"-U", Superuser, "--pwfile", password, "--auth-local=trust", "--auth-host=scram-sha-256")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	file, err := os.OpenFile(filepath.Join(fresh, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing the template's settings: %w", err)
	}
	defer file.Close()
	if _, err := file.WriteString(conf); err != nil {
		return fmt.Errorf("writing the template's settings: %w", err)
	}
	if err := os.Rename(fresh, data); err != nil {
		return fmt.Errorf("putting the template in place: %w", err)
	}
	return nil
}
