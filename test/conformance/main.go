// Command conformance replays recorded traffic of Auth0 against the simulator, and prints how well they agree.
//
// The recordings are the cassettes of the SDK go-auth0, read from the module cache. Each is replayed against a new tenant,
// which first gets the objects that the recording expects. Ids are translated; ids, times and secrets are not
// compared. List entries that the cassette did not create belong to the recorded tenant and are ignored.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	verbose := flag.Bool("v", false, "show every difference")
	only := flag.String("run", "", "replay only cassettes whose name contains this")
	flag.Parse()
	results, err := replayAll(context.Background(), *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
	if *verbose {
		printDifferences(results)
	}
	printTable(results)
}

// replayAll replays all cassettes whose name contains only.
func replayAll(ctx context.Context, only string) ([]Result, error) {
	root, err := recordings(ctx)
	if err != nil {
		return nil, err
	}
	cassettes, err := loadCassettes(root)
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, cassette := range cassettes {
		if !strings.Contains(cassette.Name, only) {
			continue
		}
		results, err := replayOne(ctx, cassette)
		if err != nil {
			return nil, err
		}
		out = append(out, results...)
	}
	return out, nil
}

func replayOne(ctx context.Context, cassette Cassette) ([]Result, error) {
	r, err := newReplayer(ctx, cassette.recordedOn())
	if err != nil {
		return nil, err
	}
	results, err := r.replay(cassette)
	return results, errors.Join(err, r.close())
}

func printDifferences(results []Result) {
	for _, r := range results {
		if !r.Differs() {
			continue
		}
		fmt.Printf("%s %s %s\n", r.name(), r.aspect(), r.Endpoint)
		for _, d := range r.differences {
			fmt.Println("    ", d)
		}
	}
}

// score counts agreement.
type score struct{ total, status, shape, values int }

func (s *score) add(r *Result) {
	s.total++
	for _, c := range []struct {
		ok bool
		n  *int
	}{{r.status, &s.status}, {r.shape, &s.shape}, {r.values, &s.values}} {
		if c.ok {
			*c.n++
		}
	}
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// summarize scores each endpoint, and all of them.
func summarize(results []Result) (byEndpoint map[string]*score, all score) {
	byEndpoint = map[string]*score{}
	for i := range results {
		r := &results[i]
		if byEndpoint[r.Endpoint] == nil {
			byEndpoint[r.Endpoint] = &score{}
		}
		byEndpoint[r.Endpoint].add(r)
		all.add(r)
	}
	return byEndpoint, all
}

func printTable(results []Result) {
	byEndpoint, all := summarize(results)
	names := make([]string, 0, len(byEndpoint))
	for name := range byEndpoint {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		_, pathA, _ := strings.Cut(a, " ")
		_, pathB, _ := strings.Cut(b, " ")
		return cmp.Or(cmp.Compare(pathA, pathB), cmp.Compare(a, b))
	})
	fmt.Printf("%-78s %6s %8s %8s %8s\n", "endpoint", "calls", "status", "shape", "values")
	for _, name := range names {
		printScore(name, *byEndpoint[name])
	}
	printScore("all", all)
}

func printScore(name string, s score) {
	fmt.Printf("%-78s %6d %7.1f%% %7.1f%% %7.1f%%\n", name, s.total, percent(s.status, s.total), percent(s.shape, s.total), percent(s.values, s.total))
}
