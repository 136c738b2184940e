package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxLogs is how many entries the tenant's log keeps.
const maxLogs = 50000

var (
	logPath  = objectOf(`id! string len=1.. # log_id of the log to retrieve.`)
	logQuery = queryOf(offsetParameters, fieldParameters, `
sort string pattern=^[a-zA-Z0-9_.]+:(1|-1)$ # Field to use for sorting appended with :1 for ascending and :-1 for descending. e.g. date:-1
from string # Log Event Id from which to start selection from.
take integer range=1..100 # Number of entries to retrieve when using the from parameter.
q string # Retrieves logs that match the specified search criteria.
search string # Retrieves logs that match the specified search criteria.
`)
)

func logRoutes() []*route {
	return []*route{
		get("/api/v2/logs", "read:logs", "read:logs_users").in(groupReadLogs).queryOf(logQuery).does(listLogs),
		get("/api/v2/logs/{id}", "read:logs", "read:logs_users").in(groupReadLogs).pathOf(logPath).does(getLog),
		get(usersPath+"/{id}/logs", "read:logs", "read:logs_users").in(groupReadLogs).pathOf(userPath).
			queryOf(queryOf(offsetParameters, "sort string")).does(listUserLogs),
	}
}

// logs are the entries of the tenant's log, oldest first. Their ids sort by time.
type logs struct {
	Entries []doc
	Serial  uint64
}

// add writes an entry.
func (l *logs) add(now time.Time, entry doc) {
	l.Serial++
	id := fmt.Sprintf("900%s%06d%033d", now.Format("20060102150405"), now.Nanosecond()/1000, 1223372036854775807+l.Serial)
	if n := len(l.Entries); n > 0 && str(l.Entries[n-1], "log_id") >= id { // the clock was set back: ids must grow all the same
		id = fmt.Sprintf("%s%033d", str(l.Entries[n-1], "log_id")[:23], 1223372036854775807+l.Serial)
	}
	l.Entries = append(l.Entries, patchKeepingNull(doc{
		"connection": nil, "connection_id": nil, "organization_id": nil, "organization_name": nil, "client_name": "",
		"hostname": nil, "details": nil, "user_id": nil, "user_name": nil, "audience": nil, "strategy": nil,
		"strategy_type": nil, "isMobile": false, "location_info": nil, "description": "",
	}, entry, doc{"_id": id, "log_id": id, "date": timestamp(now)}))
	if len(l.Entries) > maxLogs+maxLogs/10 {
		l.Entries = slices.Clone(l.Entries[len(l.Entries)-maxLogs:])
	}
}

// patchKeepingNull lays documents over each other; unlike patch, it keeps null.
func patchKeepingNull(docs ...doc) doc {
	out := doc{}
	for _, d := range docs {
		maps.Copy(out, d)
	}
	return out
}

// logEvent writes an entry about a user or an application.
func (c *call) logEvent(kind string, entry doc) {
	base := doc{"type": kind, "client_id": c.callerID(), "ip": c.ip(), "user_agent": c.userAgent(), "hostname": c.Domain,
		"connection_id": "", "user_id": "", "user_name": ""}
	if o, ok := c.Clients.Get(str(entry, "client_id")); ok {
		base["client_name"] = o.Doc["name"]
	}
	c.Logs.add(c.now, patchKeepingNull(base, entry))
}

// userEvent is what an entry says about a user.
func (c *call) userEvent(u *user) doc {
	entry := doc{
		"user_id": u.ID, "user_name": firstOf(str(u.Doc, "username"), str(u.Doc, "email"), str(u.Doc, "name")),
		"connection": u.connection(),
	}
	if connection, ok := c.connectionNamed(u.connection()); ok {
		entry["connection_id"], entry["strategy"] = connection.ID, connection.Strategy()
		if connection.Strategy() == "auth0" {
			entry["strategy_type"] = "database"
		}
	}
	return entry
}

func (c *call) userAgent() string {
	if agent := c.request.UserAgent(); agent != "" {
		return "Other 0.0.0 / " + agent
	}
	return "Other 0.0.0 / Other 0.0.0"
}

// record writes what a Management API write did into the tenant's log.
func (c *call) record(body any, err error) {
	if c.route.log == "" {
		return
	}
	kind, response := "sapi", body
	if err != nil {
		kind = "fapi"
		if f, ok := err.(*failure); ok { //nolint:errorlint // handlers return failures as they are
			response = f.body
		}
	}
	if response == nil {
		response = doc{}
	}
	request := doc{
		"method": strings.ToLower(c.request.Method), "path": c.request.URL.EscapedPath(), "query": c.query, "ip": c.ip(),
		"userAgent": c.request.UserAgent(), "channel": "api", "body": c.hidden(c.body),
		"auth": doc{"strategy": "jwt", "user": doc{}, "credentials": c.credentials()},
	}
	if c.dashboard {
		request["channel"] = "https://manage.auth0.com/"
		request["auth"] = doc{"strategy": "jwt", "credentials": doc{}, "user": doc{"user_id": "auth0|administrator", "name": "Administrator"}}
	}
	entry := doc{
		"type": kind, "description": c.route.log, "client_id": c.callerID(), "ip": c.ip(), "user_agent": "Other 0.0.0 / Other 0.0.0",
		"details": doc{"request": request, "response": doc{"statusCode": statusOf(c, err), "body": c.hidden(response)}},
	}
	c.Logs.add(c.now, entry)
}

// credentials are the scopes of the caller, as the log shows them.
func (c *call) credentials() doc {
	if c.token == nil {
		return doc{}
	}
	return doc{"scopes": c.token.scopes}
}

// secretKeys are what the log shows as asterisks.
var secretKeys = []string{"password", "client_secret", "signing_secret", "token", "password_hash", "pem", "signing_keys", "ticket"}

// hidden is a body without its secrets.
func (c *call) hidden(body any) any {
	d, ok := body.(doc)
	if !ok {
		return body
	}
	out := clone(d)
	for _, key := range secretKeys {
		if has(out, key) {
			out[key] = "*****"
		}
	}
	return out
}

func (c *call) logsMatching() ([]doc, error) {
	q, err := parseQuery(firstOf(str(c.query, "q"), str(c.query, "search")))
	if err != nil {
		return nil, apiError(http.StatusBadRequest, "invalid_query_string", err.Error())
	}
	out := []doc{}
	for _, entry := range slices.Backward(c.Logs.Entries) {
		if q.matches(entry) {
			out = append(out, entry)
		}
	}
	return out, nil
}

// listLogs is GET /logs: searched and newest first, or, with from or take, from a checkpoint and oldest first.
func listLogs(c *call) (any, error) {
	if has(c.query, "from") || has(c.query, "take") {
		return c.logsFrom(str(c.query, "from"), int(number(c.query, "take", 50))), nil
	}
	found, err := c.logsMatching()
	if err != nil {
		return nil, err
	}
	if order := str(c.query, "sort"); order == "date:1" {
		slices.Reverse(found)
	}
	start, _, limit := c.window(0)
	if start+limit > maxOffset {
		return nil, apiError(http.StatusBadRequest, "invalid_paging", "You can only page through the first 1000 records.")
	}
	answer, err := offset(c, "logs", found, same)
	if page, ok := answer.(doc); ok {
		page["length"] = len(list(page, "logs"))
	}
	return answer, err
}

func (c *call) logsFrom(id string, take int) []any {
	entries := c.Logs.Entries
	start, found := slices.BinarySearchFunc(entries, id, func(e doc, id string) int { return strings.Compare(str(e, "log_id"), id) })
	if found {
		start++
	}
	end := min(start+take, len(entries))
	out := []any{}
	for _, entry := range entries[start:end] {
		out = append(out, c.fields(entry))
	}
	if end > start {
		next := fmt.Sprintf("%s/api/v2/logs?from=%s&take=%d", c.URL, str(entries[end-1], "log_id"), take)
		c.header.Set("Link", "<"+next+`>; rel="next"`)
	}
	return out
}

func getLog(c *call) (any, error) {
	id := c.params["id"]
	i, found := slices.BinarySearchFunc(c.Logs.Entries, id, func(e doc, id string) int { return strings.Compare(str(e, "log_id"), id) })
	if !found {
		return nil, apiError(http.StatusNotFound, "inexistent_log", "The log entry does not exist")
	}
	return c.Logs.Entries[i], nil
}

func listUserLogs(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	found := []doc{}
	for _, entry := range slices.Backward(c.Logs.Entries) {
		if entry["user_id"] == u.ID {
			found = append(found, entry)
		}
	}
	return offset(c, "logs", found, same)
}

// hiddenBody is the payload without its secrets.
func (c *call) hiddenBody() doc {
	d, _ := c.hidden(c.body).(doc)
	return d
}
