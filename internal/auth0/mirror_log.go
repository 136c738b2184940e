package auth0

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"
)

const routeLogs = "/api/v2/logs"

// mostLogPages bounds the calls of one LogTail.Read; the next one goes on.
const mostLogPages = 10

// LogTail reads the tenant's log from a checkpoint on. Entries may arrive late, behind others that were read already, so
// each read begins where the one before began, and leaves out what that one saw.
type LogTail struct {
	// from is where the next read begins; last is the newest entry that was seen.
	from, last string
	seen       map[string]bool
}

// NewLogTail begins after an entry.
func NewLogTail(last string) *LogTail { return &LogTail{from: last, last: last} }

// Last is the id of the newest entry that was read.
func (t *LogTail) Last() string { return t.last }

// Read returns what others changed, at the cost of one call if there was little.
func (t *LogTail) Read(ctx context.Context, s *Session) ([]Change, error) {
	var changes []Change
	seen := map[string]bool{}
	from, last, behind := t.from, t.last, true
	for page := 0; behind && page < mostLogPages; page++ {
		entries, err := s.logFrom(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			from = entry.String("log_id")
			if !t.seen[from] {
				changes = append(changes, s.changesInEntry(entry)...)
			}
			seen[from], last = true, max(last, from)
		}
		behind = len(entries) == pageSize
	}
	t.from, t.last, t.seen = t.last, last, seen
	if behind {
		t.from = last
	}
	return changes, nil
}

// logFrom reads up to a page of entries after one, oldest first.
func (s *Session) logFrom(ctx context.Context, from string) ([]Document, error) {
	query := url.Values{"take": {strconv.Itoa(pageSize)}}
	if from != "" {
		query.Set("from", from)
	}
	answer, err := s.manage(ctx, http.MethodGet, routeLogs, func(ctx context.Context) error {
		_, err := s.logsAPI.List(ctx, &management.ListLogsRequestParameters{}, option.WithQueryParameters(query))
		return err
	})
	return parseList(answer, err)
}

// NewestLog returns the id of the newest entry of the tenant's log, "" if there is none.
func (s *Session) NewestLog(ctx context.Context) (string, error) {
	one, newestFirst := 1, "date:-1"
	answer, err := s.manage(ctx, http.MethodGet, routeLogs, func(ctx context.Context) error {
		_, err := s.logsAPI.List(ctx, &management.ListLogsRequestParameters{PerPage: &one, Sort: &newestFirst, IncludeTotals: &yes})
		return err
	})
	entries, err := parseItems(answer, "logs", err)
	if err != nil || len(entries) == 0 {
		return "", err
	}
	return entries[0].String("log_id"), nil
}

// LogTime reads when an entry of the log was written from its id: 900, the time in UTC, and more digits.
func LogTime(id string) (time.Time, bool) {
	const prefix, layout = "900", "20060102150405"
	if len(id) < len(prefix)+len(layout) || id[:len(prefix)] != prefix {
		return time.Time{}, false
	}
	at, err := time.Parse(layout, id[len(prefix):len(prefix)+len(layout)])
	return at, err == nil
}
