package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"
)

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
