// Package sprig lends its name to the one type that error messages mention.
package sprig

// HashAlgorithm names how htpasswd hashes. As a type of its own it accepts only bare constants.
type HashAlgorithm string
