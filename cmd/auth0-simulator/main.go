// Command auth0-simulator serves a stateful Auth0 tenant over HTTPS, for tests and to try the operator without a tenant.
//
// It reads flags, and imports internal/simulator, which does the work.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const usage = `auth0-simulator serves an Auth0 tenant over HTTPS: the Authentication API, the Management API v2, and switches for
tests under /_sim/. It starts as a fresh tenant does, with one application that may call the Management API.

Usage:
  auth0-simulator --client-id ID --client-secret SECRET [flags]

Flags:
`

const switches = `
Switches (JSON; docs/guides/simulator.md tells more):
  POST   /_sim/reset     back to the fresh tenant
  GET    /_sim/requests  {"total":N,"byRoute":[{"method","route","status","count"}]}; DELETE zeroes the counts
  POST   /_sim/faults    {"method","route","times","status","body","headers"}, or "delay":"2s", or "drop":"before"|"after",
                         instead of "status"; GET lists the rules, DELETE clears them
  POST   /_sim/clock     {"advance":"1h"} moves the clock forward
  GET    /_sim/emails    the mails that Auth0 would have sent; DELETE forgets them
  *      /_sim/dashboard/api/v2/...  a Management call as an administrator makes it: no token, no limits, not counted
`

func main() {
	err := run(os.Args[1:], os.Stderr)
	var misuse misuseError
	switch {
	case errors.As(err, &misuse):
		fmt.Fprintln(os.Stderr, "auth0-simulator:", err, "(--help tells more)")
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "auth0-simulator:", strings.TrimPrefix(err.Error(), "simulator: "))
		os.Exit(1)
	}
}

// misuseError is an invalid command line.
type misuseError string

func (e misuseError) Error() string { return string(e) }

func run(args []string, out io.Writer) error {
	var (
		options simulator.Options
		limit   string
		apiDate string
	)
	flags := flag.NewFlagSet("auth0-simulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the flag package would bury its error under the usage
	flags.StringVar(&options.Addr, "addr", "127.0.0.1:3443", "address to listen on; the tenant's domain is localhost and its port")
	flags.StringVar(&options.ClientID, "client-id", "", "id of the application that may call the Management API")
	flags.StringVar(&options.ClientSecret, "client-secret", "", "its secret")
	flags.StringVar(&options.CAFile, "ca-file", "", "file to write the certificate authority (PEM) to")
	flags.StringVar(&limit, "rate-limit", string(simulator.RateLimitNone), "limits of a plan: none, free, self-service or enterprise")
	flags.DurationVar(&options.Latency, "latency", 0, "time that every answer takes")
	flags.DurationVar(&options.SearchDelay, "search-delay", 0, "time after which the user search, and the list of an organization's members, see a change")
	flags.StringVar(&apiDate, "api-date", "", "day (2026-01-31) as of which answers have the fields that Auth0 added over time")
	flags.StringVar(&options.StateFile, "state", "", "file to keep the tenant in between runs")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(out)
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
		fmt.Fprint(out, switches)
		return nil
	} else if err != nil {
		return misuseError(err.Error())
	}
	switch {
	case flags.NArg() > 0:
		return misuseError(fmt.Sprintf("unexpected argument %q", flags.Arg(0)))
	case options.ClientID == "" || options.ClientSecret == "":
		return misuseError("--client-id and --client-secret are needed")
	case options.Latency < 0 || options.SearchDelay < 0:
		return misuseError("--latency and --search-delay cannot be negative")
	case !slices.Contains([]simulator.RateLimit{
		simulator.RateLimitNone, simulator.RateLimitFree, simulator.RateLimitSelfService, simulator.RateLimitEnterprise,
	}, simulator.RateLimit(limit)):
		return misuseError(fmt.Sprintf("--rate-limit is none, free, self-service or enterprise, not %q", limit))
	}
	if apiDate != "" {
		day, err := time.Parse(time.DateOnly, apiDate)
		if err != nil {
			return misuseError(fmt.Sprintf("--api-date is written like 2026-01-31, not %q", apiDate))
		}
		options.APIDate = day
	}
	options.RateLimit = simulator.RateLimit(limit)
	return serve(options, out)
}

// serve runs until it is interrupted.
func serve(options simulator.Options, out io.Writer) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	sim, err := simulator.Start(options)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s Auth0 tenant %s is up: %s\n", time.Now().Format(time.TimeOnly), sim.Domain, sim.URL)
	<-stop
	return sim.Close()
}
