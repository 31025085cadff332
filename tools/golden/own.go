package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"
)

// HashAlgorithm is a named type so that only a bare constant is accepted.
type HashAlgorithm string

func htpasswdSha(user, password string) string {
	if strings.Contains(user, ":") {
		return fmt.Sprintf("invalid username: %s", user)
	}
	sum := sha1.Sum([]byte(password))
	return user + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
}

func ownFunctions() template.FuncMap {
	return template.FuncMap{}
}
