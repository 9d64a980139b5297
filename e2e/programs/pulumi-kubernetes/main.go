// The Kubernetes provider of Pulumi, built from its published module.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

var version string // set by the linker

func main() {
	// The schema serves code generation and YAML programs: a Python program asks for none.
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
