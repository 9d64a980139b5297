package main

import (
	"flag"
	"fmt"
)

const admission = "/apis/admissionregistration.k8s.io/v1/"

func patch(arguments []string) error {
	set := flag.NewFlagSet("patch", flag.ContinueOnError)
	at := placeFlags(set)
	name := set.String("webhook-name", "", "name of both webhook configurations")
	mutating := set.Bool("patch-mutating", true, "patch the MutatingWebhookConfiguration")
	validating := set.Bool("patch-validating", true, "patch the ValidatingWebhookConfiguration")
	policy := set.String("patch-failure-policy", "", "Ignore or Fail; empty leaves it")
	if err := set.Parse(arguments); err != nil {
		return err
	}
	path, err := at.path()
	if err != nil {
		return err
	}
	if *name == "" {
		return fmt.Errorf("--webhook-name is needed")
	}
	if *policy != "" && *policy != "Ignore" && *policy != "Fail" {
		return fmt.Errorf("--patch-failure-policy is %q: use Ignore or Fail", *policy)
	}
	api, err := newAPI()
	if err != nil {
		return err
	}
	authority, err := authorityIn(api, path+"/"+*at.secret)
	if err != nil {
		return err
	}
	for kind, wanted := range map[string]bool{
		"mutatingwebhookconfigurations":   *mutating,
		"validatingwebhookconfigurations": *validating,
	} {
		if !wanted {
			continue
		}
		if err := patchOne(api, admission+kind+"/"+*name, authority, *policy); err != nil {
			return err
		}
	}
	return nil
}

// The Secret's data is base64 already, as caBundle must be.
func authorityIn(api *api, path string) (string, error) {
	secret, found, err := api.get(path)
	if err != nil {
		return "", err
	}
	data, _ := secret["data"].(map[string]any)
	authority, _ := data["ca"].(string)
	if !found || authority == "" {
		return "", fmt.Errorf("%s has no `ca`: run `create` first", path)
	}
	return authority, nil
}

func patchOne(api *api, path, authority, policy string) error {
	configuration, found, err := api.get(path)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%s is not there", path)
	}
	webhooks, _ := configuration["webhooks"].([]any)
	for _, each := range webhooks {
		webhook := each.(map[string]any)
		webhook["clientConfig"].(map[string]any)["caBundle"] = authority
		if policy != "" {
			webhook["failurePolicy"] = policy
		}
	}
	fmt.Printf("%s: %d webhooks have the authority\n", path, len(webhooks))
	// With the resourceVersion that was read: who changed it meanwhile makes this fail.
	return api.send("PUT", path, configuration)
}
