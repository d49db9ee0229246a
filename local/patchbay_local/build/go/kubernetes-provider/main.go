// The Kubernetes provider of Pulumi. Its own main cannot be built from the module: it embeds generated files that the
// module does not carry. The schema is laid beside the program by the build, from the module's own directory.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	var schema []byte
	if err == nil {
		schema, err = os.ReadFile(filepath.Join(filepath.Dir(program), "schema.json"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the provider's schema cannot be read:", err)
		os.Exit(1)
	}
	provider.Serve("kubernetes", version.Version, schema, []byte("{}"))
}
