package masking

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
)

// keySize is the length in bytes of the master key and of every domain key.
const keySize = 32

// domainPattern is what a domain may be called: the name becomes part of a setting's name, which servers from 15 on
// require to be an identifier.
var domainPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// Key is the key of one pseudonym domain. It does not print itself: only SettingValue reveals it.
type Key struct{ bytes [keySize]byte }

// DeriveKey derives the key of a domain from the master key: HKDF-SHA256 (RFC 5869) without a salt, with the info
// "cordon pseudonym v1 " followed by the domain's name.
func DeriveKey(master []byte, domain string) (Key, error) {
	if len(master) < keySize {
		return Key{}, fmt.Errorf("master key has %d bytes, at least %d are needed", len(master), keySize)
	}
	if err := CheckDomain(domain); err != nil {
		return Key{}, err
	}
	derived, err := hkdf.Key(sha256.New, master, nil, "cordon pseudonym v1 "+domain, keySize)
	if err != nil {
		return Key{}, fmt.Errorf("deriving the key of domain %q: %w", domain, err)
	}
	return Key{bytes: [keySize]byte(derived)}, nil
}

// CheckDomain reports whether a domain's name is usable: a lower-case letter, then up to 30 lower-case letters, digits
// and underscores.
func CheckDomain(domain string) error {
	if !domainPattern.MatchString(domain) {
		return fmt.Errorf("domain %q: a name is a lower-case letter and up to 30 lower-case letters, digits or underscores", domain)
	}
	return nil
}

// Setting is the name of the server setting from which the SQL form reads the key of a domain.
func Setting(domain string) string { return "cordon_key." + domain }

// SettingValue is the value of that setting: the key, then the keys of int8's universal hashes, in lower-case hex.
// It is secret.
func (k Key) SettingValue() string {
	hashKeys := k.hashKeys()
	return hex.EncodeToString(append(k.bytes[:], hashKeys[:]...))
}

// String hides the key.
func (k Key) String() string { return "masking.Key(redacted)" }

// GoString hides the key from %#v.
func (k Key) GoString() string { return k.String() }

// Format hides the key from every other verb, %x and %d included.
func (k Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }

// MarshalText hides the key from encoders such as encoding/json and log/slog.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
