package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// A Kubernetes object. Numbers stay what they were.
type object = map[string]any

// The API server as a pod reaches it, with the rights of its service account.
type api struct {
	server, token string
	client        *http.Client
}

func newAPI() (*api, error) {
	account := os.Getenv("SERVICE_ACCOUNT") // for tests; pods have theirs where the kubelet mounts it
	if account == "" {
		account = "/var/run/secrets/kubernetes.io/serviceaccount"
	}
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return nil, fmt.Errorf("no service account: %w", err)
	}
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("no service account: %w", err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/ca.crt has no certificate", account)
	}
	address := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return &api{server: "https://" + address, token: string(token), client: client}, nil
}

// get gives an object, and whether it is there.
func (a *api) get(path string) (object, bool, error) {
	status, body, err := a.ask("GET", path, nil)
	if err != nil || status == http.StatusNotFound {
		return nil, false, err
	}
	if status != http.StatusOK {
		return nil, false, refused("GET", path, status, body)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	found := object{}
	if err := decoder.Decode(&found); err != nil {
		return nil, false, fmt.Errorf("GET %s: %w", path, err)
	}
	return found, true, nil
}

func (a *api) send(method, path string, content object) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	status, body, err := a.ask(method, path, raw)
	if err == nil && status >= http.StatusMultipleChoices {
		err = refused(method, path, status, body)
	}
	return err
}

func (a *api) ask(method, path string, content []byte) (int, []byte, error) {
	request, err := http.NewRequest(method, a.server+path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// The body is the API server's Status, or what a proxy said; never an object with secrets.
func refused(method, path string, status int, body []byte) error {
	return fmt.Errorf("%s %s: %d %s", method, path, status, bytes.TrimSpace(body))
}
