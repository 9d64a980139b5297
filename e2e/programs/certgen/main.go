// Certgen stands in for kube-webhook-certgen, which is published as an image only and which the
// hook Jobs of kube-prometheus-stack run. It takes the same two commands and their flags:
//
//	create  makes an authority and a certificate, and keeps them in a Secret, unless it is there
//	patch   writes the authority into webhook configurations, so that the API server trusts the key
//
// What differs: no kubeconfig and no log flags, certificates for ten years (the real one: hundred),
// and whoever misspells a flag is told so by Go's own flag package.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

const usage = "usage: kube-webhook-certgen create|patch [--flag=value ...]"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "certgen:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("no command; %s", usage)
	}
	switch command, flags := arguments[0], arguments[1:]; command {
	case "create":
		return create(flags)
	case "patch":
		return patch(flags)
	default:
		return fmt.Errorf("unknown command %q; %s", command, usage)
	}
}

// What both commands take: where the Secret is.
type place struct {
	namespace, secret *string
}

func placeFlags(set *flag.FlagSet) place {
	return place{
		namespace: set.String("namespace", "", "namespace of the Secret"),
		secret:    set.String("secret-name", "", "name of the Secret"),
	}
}

func (p place) path() (string, error) {
	if *p.namespace == "" || *p.secret == "" {
		return "", fmt.Errorf("--namespace and --secret-name are needed")
	}
	return fmt.Sprintf("/api/v1/namespaces/%s/secrets", *p.namespace), nil
}

func create(arguments []string) error {
	set := flag.NewFlagSet("create", flag.ContinueOnError)
	at := placeFlags(set)
	hosts := set.String("host", "", "names of the server, separated by commas")
	certName := set.String("cert-name", "cert", "key of the certificate in the Secret")
	keyName := set.String("key-name", "key", "key of the private key in the Secret")
	if err := set.Parse(arguments); err != nil {
		return err
	}
	path, err := at.path()
	if err != nil {
		return err
	}
	if *hosts == "" {
		return fmt.Errorf("--host is needed: the names that the API server calls")
	}
	api, err := newAPI()
	if err != nil {
		return err
	}
	if _, found, err := api.get(path + "/" + *at.secret); err != nil || found {
		if found {
			fmt.Printf("Secret %s is there and stays\n", *at.secret)
		}
		return err
	}
	made, err := newCertificates(strings.Split(*hosts, ","))
	if err != nil {
		return err
	}
	data := map[string][]byte{"ca": made.authority, *certName: made.certificate, *keyName: made.key}
	secret := object{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   object{"name": *at.secret, "namespace": *at.namespace},
		"data":       data, // []byte is base64 in JSON
	}
	fmt.Printf("Secret %s made for %s\n", *at.secret, *hosts)
	return api.send("POST", path, secret)
}
