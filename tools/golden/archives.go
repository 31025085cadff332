package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

func pkcs12Key(password, archive string) (string, error) {
	key, _, _, err := pkcs12.DecodeChain([]byte(archive), password)
	if err != nil {
		return "", fmt.Errorf("unable to decode pkcs12 with password: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func pkcs12Cert(password, archive string) (string, error) {
	_, leaf, others, err := pkcs12.DecodeChain([]byte(archive), password)
	if err != nil {
		return "", fmt.Errorf("unable to decode pkcs12 certificate with password: %w", err)
	}
	all := append([]*x509.Certificate{leaf}, others...)
	if chain, err := orderChain(all); err == nil && len(chain) == len(all) {
		all = chain
	}
	return certificatePEM(all), nil
}

func certificatePEM(all []*x509.Certificate) string {
	var b bytes.Buffer
	for _, c := range all {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}

func packArchive(certs, key, password string, full bool) (string, error) {
	block, rest := pem.Decode([]byte(certs))
	if block == nil {
		return "", errors.New("no PEM block in the certificate")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	var authorities []*x509.Certificate
	if full {
		if authorities, err = strictCertificates(rest); err != nil {
			return "", err
		}
	}
	keyBlock, _ := pem.Decode([]byte(key))
	if keyBlock == nil {
		return "", errors.New("no PEM block in the key")
	}
	private, err := anyKey(keyBlock.Bytes)
	if err != nil {
		return "", err
	}
	out, err := pkcs12.Modern2023.Encode(private, leaf, authorities, password)
	return base64.StdEncoding.EncodeToString(out), err
}

func trustStore(certs, password string) (string, error) {
	all, err := strictCertificates([]byte(certs))
	if err != nil {
		return "", err
	}
	out, err := pkcs12.Modern2023.EncodeTrustStore(all, password)
	return base64.StdEncoding.EncodeToString(out), err
}

func strictCertificates(rest []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("text after the last PEM block of the certificates")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func anyKey(der []byte) (any, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, errors.New("unable to parse private key type")
}
