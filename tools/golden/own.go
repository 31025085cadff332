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

		"pkcs12key":      func(archive string) (string, error) { return pkcs12Key("", archive) },
		"pkcs12keyPass":  pkcs12Key,
		"pkcs12cert":     func(archive string) (string, error) { return pkcs12Cert("", archive) },
		"pkcs12certPass": pkcs12Cert,
		"pemToPkcs12":    func(cert, key string) (string, error) { return packArchive(cert, key, "", false) },
		"pemToPkcs12Pass": func(cert, key, password string) (string, error) {
			return packArchive(cert, key, password, false)
		},
		"fullPemToPkcs12": func(cert, key string) (string, error) { return packArchive(cert, key, "", true) },
		"fullPemToPkcs12Pass": func(cert, key, password string) (string, error) {
			return packArchive(cert, key, password, true)
		},
		"pemTruststoreToPKCS12":     func(certs string) (string, error) { return trustStore(certs, "") },
		"pemTruststoreToPKCS12Pass": trustStore,
		"filterPEM":                 filterPEM,
		"filterCertChain":           filterCertChain,
		"certSANs":                  certSANs,
		"jwkPublicKeyPem":           jwkPublicKeyPem,
		"jwkPrivateKeyPem":          jwkPrivateKeyPem,
		"rsaDecrypt":                rsaDecrypt,
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
