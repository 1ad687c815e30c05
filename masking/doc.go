// Package masking holds the treatments of column values: pseudonym ciphers and masks, each in a Go form and in a
// SQL form that agree.
//
// A pseudonym is a keyed bijection within a domain, of the value's own type, that Go can decipher: docs/pseudonyms.md is the
// format. Keys come from a KeySource by DeriveKey; Pseudonym is the Go form, and PseudonymSQL the expression that reads its
// key from the setting that Setting names. A mask keeps the column's type, length and collation, and loses information:
// Mask.SQL and Mask.Apply. NULL stays NULL under both.
//
// Both forms are functions of the value alone: no setting of a session changes a result, and no value raises an error, a
// missing key and the policy's own sql masks excepted. Values are in Postgres' text format, under DateStyle ISO and
// TimeZone UTC where that matters.
package masking
