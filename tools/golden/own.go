package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

func htpasswdSha(user, password string) string {
	if strings.Contains(user, ":") {
		return fmt.Sprintf("invalid username: %s", user)
	}
	sum := sha1.Sum([]byte(password))
	return user + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
}

func ownFunctions() template.FuncMap {
	return template.FuncMap{
		"toYaml":   toYaml,
		"fromYaml": fromYaml,
	}
}

func toYaml(v any) string {
	b, err := yaml.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(b), "\n")
}

func fromYaml(s string) map[string]any {
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(s), &m); err != nil {
		m["Error"] = err.Error()
	}
	return m
}
