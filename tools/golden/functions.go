package main

import (
	"encoding/hex"
	"text/template"

	own "golden/sprig"

	"github.com/Masterminds/sprig/v3"
)

// functions is Sprig's tagged map without the three functions that look outside and with the two that its
// pre-release adds or changes, and then the operator's own.
func functions() template.FuncMap {
	m := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(m, name)
	}
	m["hexdec"] = func(s string) string {
		b, err := hex.DecodeString(s)
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	plain := m["htpasswd"].(func(string, string) string)
	m["htpasswd"] = func(user, password string, algorithm own.HashAlgorithm) string {
		if algorithm == "sha" {
			return htpasswdSha(user, password)
		}
		return plain(user, password)
	}
	for name, f := range ownFunctions() {
		m[name] = f
	}
	return m
}
