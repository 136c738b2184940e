// Command scaffold writes the scaffold of a kind: its types, its definition with fixtures, its samples, its collection in the simulator, and
// its entry in the resource table. `make kind NAME=Form RESOURCE=forms` calls it, and then generates what follows from these.
//
// The scaffold has a name, which is unique in the tenant, and a description. It compiles, and passes the tests of kinds. Start with [run].
package main

import (
	"embed"
	"fmt"
	"os"
)

// scaffold has the files of a kind as templates, see [files].
//
//go:embed kind
var scaffold embed.FS

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: make kind NAME=Form RESOURCE=forms")
		os.Exit(2)
	}
	if err := run(".", os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "kind:", err)
		os.Exit(1)
	}
}

// run writes the scaffold of a kind into the checkout at root. It writes nothing if the kind exists.
func run(root, name, resource string) error {
	k, err := newKind(name, resource)
	if err != nil {
		return err
	}
	written, err := k.render(root)
	if err != nil {
		return err
	}
	table, err := k.addResource(root)
	if err != nil {
		return err
	}
	if table != nil {
		written[resourceTable] = table
	}
	for _, file := range sortedFiles(written) {
		fmt.Println(file)
	}
	if err := writeAll(root, written); err != nil {
		return err
	}
	if _, isNew := written[k.collectionFile()]; !isNew {
		fmt.Printf("The simulator has %s already: write the fields and values that it takes into the fixture.\n", resource)
	}
	return printNext(k)
}

// printNext says what is left to do by hand.
func printNext(k kind) error {
	_, err := fmt.Printf(`
Next:
 1. Write Auth0's fields in place of the description in api/v1alpha1/%[1]s_types.go, controllers/%[2]s/testdata, internal/simulator and the
    samples. Run make generate after a change of the types.
 2. go test ./controllers -run /%[3]s tests the loop of the kind in seconds.
    make test-kind KIND=%[2]s also tests its lifecycle and crashes on a real API server.
 3. make test says what is missing in the documents. CONTRIBUTING.md has the rest.
`, k.Singular(), k.Package(), k.Kind())
	return err
}
