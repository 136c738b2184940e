package auth0

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// LogKept is how far back the tenant's log reaches at least: the smallest plan keeps it for a day.
const LogKept = 20 * time.Hour

// ScopeLogs is the scope to read the tenant's log.
const ScopeLogs = "read:logs"

const routeLogs = "/api/v2/logs"

const (
	// mostLogPages bounds the calls of one LogTail.Read; the next one continues.
	mostLogPages = 10
	// overlap is how many entries of a full page are read again, in case others arrive behind them.
	overlap = 10
	// behindPause is how soon a LogTail continues that did not reach the end.
	behindPause = time.Second
)

// LogTail reads the tenant's log from a checkpoint on. Entries may arrive late, behind others that were read already. So each
// read begins where the previous one began, and leaves out what that one saw. If much happens, this would cost another call: it
// then begins just before the end of the previous read.
type LogTail struct {
	// interval is the maximum time between the writing and the reading of an entry.
	interval time.Duration
	// from is where the next read begins; last is the newest entry that was read.
	from, last string
	seen       map[string]bool
}

// NewLogTail begins after an entry, and reads new entries within interval.
func NewLogTail(last string, interval time.Duration) *LogTail {
	return &LogTail{interval: interval, from: last, last: last}
}

// Last is the id of the newest entry that was read.
func (t *LogTail) Last() string { return t.last }

// Read returns the changes that others made, and after how long to read again. It makes one call if there are few entries. If
// there are many, it ends with a full page and continues sooner: the last page would cost a call for fewer entries. The first
// read always goes to the end.
func (t *LogTail) Read(ctx context.Context, s *Session, now time.Time) ([]Change, time.Duration, error) {
	var changes []Change
	seen, from, last := map[string]bool{}, t.from, t.last
	next, pause := t.last, behindPause
	for range mostLogPages {
		entries, err := s.logFrom(ctx, from)
		if err != nil {
			return nil, 0, err
		}
		for _, entry := range entries {
			from = entry.String("log_id")
			if !t.seen[from] {
				changes = append(changes, s.changesInEntry(entry)...)
			}
			seen[from], last = true, max(last, from)
		}
		if len(entries) < pageSize {
			pause = t.interval
			break
		}
		next = entries[pageSize-overlap-1].String("log_id")
		if age := ageOf(from, now); t.seen != nil && age >= 0 && age < t.interval {
			pause = t.interval - age
			break
		}
	}
	t.from, t.last, t.seen = next, last, seen
	return changes, pause, nil
}

// ageOf returns how long ago an entry of the log was written. It is negative if the clocks differ.
func ageOf(id string, now time.Time) time.Duration {
	at, ok := LogTime(id)
	if !ok {
		return -1
	}
	return now.Sub(at)
}

// logFrom reads up to a page of entries after one, oldest first.
func (s *Session) logFrom(ctx context.Context, from string) ([]Document, error) {
	query := url.Values{"take": {strconv.Itoa(pageSize)}}
	if from != "" {
		query.Set("from", from)
	}
	return parseList(s.Do(ctx, Request{Method: http.MethodGet, Route: routeLogs, Query: query}))
}

// NewestLog returns the id of the newest entry of the tenant's log, "" if there is none.
func (s *Session) NewestLog(ctx context.Context) (string, error) {
	entries, err := s.newestLogs(ctx, 1, "")
	if err != nil || len(entries) == 0 {
		return "", err
	}
	return entries[0].String("log_id"), nil
}

// newestLogs returns up to a page of entries that match a query, newest first. The query may find entries minutes late.
func (s *Session) newestLogs(ctx context.Context, most int, query string) ([]Document, error) {
	search := url.Values{"page": {"0"}, "per_page": {strconv.Itoa(most)}, "sort": {"date:-1"}, "include_totals": {"true"}}
	if query != "" {
		search.Set("q", query)
	}
	answer, err := s.Do(ctx, Request{Method: http.MethodGet, Route: routeLogs, Query: search})
	return parseItems(answer, "logs", err)
}

// LogTime returns when an entry of the log was written, from its id: 900, the time in UTC, and more digits.
func LogTime(id string) (time.Time, bool) {
	const prefix, layout = "900", "20060102150405"
	if len(id) < len(prefix)+len(layout) || id[:len(prefix)] != prefix {
		return time.Time{}, false
	}
	at, err := time.Parse(layout, id[len(prefix):len(prefix)+len(layout)])
	return at, err == nil
}
