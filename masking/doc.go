// Package masking holds the treatments of column values: pseudonym ciphers and masks, each in a Go form and in a
// SQL form that agree.
package masking
