package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

func filterPEM(kind, input string) (string, error) {
	rest := []byte(input)
	if i := bytes.Index(rest, []byte("-----BEGIN")); i > 0 {
		rest = rest[i:]
	}
	var b bytes.Buffer
	found := false
	for len(rest) > 0 {
		block, next := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = next
		if strings.EqualFold(block.Type, kind) {
			found = true
			if err := pem.Encode(&b, block); err != nil {
				return "", err
			}
		}
	}
	if !found && len(rest) > 0 {
		return "", errors.New("error filtering pem: found junk")
	}
	return b.String(), nil
}

func isRoot(c *x509.Certificate) bool {
	return len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId)
}

func orderChain(all []*x509.Certificate) ([]*x509.Certificate, error) {
	parent := map[*x509.Certificate]*x509.Certificate{}
	hasChild := map[*x509.Certificate]bool{}
	for _, c := range all {
		for _, o := range all {
			if o != c && bytes.Equal(c.AuthorityKeyId, o.SubjectKeyId) {
				parent[c] = o
				hasChild[o] = true
				break
			}
		}
	}
	var leaf *x509.Certificate
	for _, c := range all {
		if hasChild[c] {
			continue
		}
		if leaf != nil {
			return nil, errors.New("found multiple leaf or disjunct certificates")
		}
		leaf = c
	}
	if leaf == nil {
		return nil, errors.New("no leaf certificate found")
	}
	chain := []*x509.Certificate{leaf}
	for c := parent[leaf]; c != nil; c = parent[c] {
		chain = append(chain, c)
		if len(chain) > len(all) {
			return nil, errors.New("constructing chain resulted in cycle")
		}
	}
	return chain, nil
}

func filterCertChain(kind, input string) (string, error) {
	var all []*x509.Certificate
	for rest := []byte(input); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", err
		}
		all = append(all, c)
	}
	chain, err := orderChain(all)
	if err != nil {
		return "", err
	}
	last := chain[len(chain)-1]
	switch kind {
	case "leaf":
		if !isRoot(chain[0]) {
			return certificatePEM(chain[:1]), nil
		}
	case "root":
		if isRoot(last) {
			return certificatePEM([]*x509.Certificate{last}), nil
		}
	case "intermediate":
		var between []*x509.Certificate
		for _, c := range chain[1:] {
			if isRoot(c) {
				break
			}
			between = append(between, c)
		}
		return certificatePEM(between), nil
	}
	return "", nil
}

func certSANs(input string) ([]string, error) {
	block, _ := pem.Decode([]byte(input))
	if block == nil {
		return nil, errors.New("failed to decode PEM block")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("failed to parse certificate: %w", err)
	}
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	names = append(names, c.EmailAddresses...)
	for _, u := range c.URIs {
		names = append(names, u.String())
	}
	return names, nil
}

func jwkPublicKeyPem(text string) (string, error) {
	var raw any
	key, err := jwk.ParseKey([]byte(text))
	if err != nil {
		return "", err
	}
	if err := key.Raw(&raw); err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(raw)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

func jwkPrivateKeyPem(text string) (string, error) {
	var raw any
	key, err := jwk.ParseKey([]byte(text))
	if err != nil {
		return "", err
	}
	if err := key.Raw(&raw); err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(raw)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func rsaDecrypt(scheme, hashName, ciphertext, keyText string) (string, error) {
	if scheme == "None" {
		return ciphertext, nil
	}
	if scheme != "RSA-OAEP" {
		return "", fmt.Errorf("decryption scheme %s is not supported", scheme)
	}
	block, _ := pem.Decode([]byte(keyText))
	if block == nil {
		return "", errors.New("failed to decode PEM block")
	}
	key, err := anyKey(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("could not parse private key: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("could not parse RSA private key")
	}
	var h hash.Hash = sha256.New()
	switch hashName {
	case "SHA1":
		h = sha1.New()
	case "SHA512":
		h = sha512.New()
	}
	plain, err := rsa.DecryptOAEP(h, nil, private, []byte(ciphertext), nil)
	if err != nil {
		return "", fmt.Errorf("error decrypting data with RSA: %w", err)
	}
	return string(plain), nil
}
