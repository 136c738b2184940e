package simulator

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of import jobs.
const (
	maxImport        = 512000 // bytes
	maxActiveImports = 2
	jobRetention     = 24 * time.Hour
	exportLinkTime   = 60 * time.Second
)

// job is work that continues after the answer to its request.
type job struct {
	ID      string
	Doc     doc
	Created time.Time
	// Due is when it completes: Auth0 takes its time.
	Due    time.Time
	Users  []doc // to import
	Upsert bool
	Client string // the application that asked for it
	Done   bool
	Errors []any
	Export []byte // gzip
}

var (
	jobPath    = objectOf(`id! string len=1.. # ID of the job.`)
	exportBody = objectOf(`
connection_id string len=1.. # connection_id of the connection from which users will be exported.
format string enum=json,csv # Format of the file.
limit integer range=1.. # Limit the number of records.
fields array<object> # List of fields to be included in the CSV. Defaults to a predefined set of fields.
  name! string len=1.. # Name of the field in the profile.
  export_as string len=1.. # Title of the column in the exported CSV.
`)
	verificationJob = objectOf(`
user_id! string len=1.. # user_id of the user to send the verification email to.
client_id string format=client-id # client_id of the client (application). If no value provided, the global Client ID will be used.
identity object # This must be provided to verify primary social, enterprise and passwordless email identities.
  user_id! string
  provider! string
  connection_id string
organization_id string # ID of the organization.
`)
)

func jobRoutes() []*route {
	imports := post("/api/v2/jobs/users-imports", http.StatusAccepted, "create:users").logged("Create a job to import users").
		checked(checkImport).does(importUsers)
	imports.multipart = true
	return []*route{
		imports,
		post("/api/v2/jobs/users-exports", http.StatusOK, "read:users").bodyOf(exportBody).
			logged("Create a job to export users").does(exportUsers),
		post("/api/v2/jobs/verification-email", http.StatusCreated, "update:users").bodyOf(verificationJob).
			logged("Send an email verification email").does(sendVerification),
		get("/api/v2/jobs/{id}", "create:users", "read:users", "update:users").pathOf(jobPath).does(getJob),
		get("/api/v2/jobs/{id}/errors", "create:users", "read:users", "update:users").pathOf(jobPath).does(getJobErrors),
		get("/_exports/{id}").does(downloadExport),
	}
}

// newJob queues work that takes a while.
func (c *call) newJob(kind string, takes time.Duration, more doc) *job {
	j := &job{ID: shortID("job_"), Created: c.now, Due: c.now.Add(takes), Client: c.callerID()}
	j.Doc = patch(more, doc{"id": j.ID, "type": kind, "status": "pending", "created_at": timestamp(c.now)})
	c.Jobs.Put(j.ID, j)
	return j
}

// jobsDue reports whether jobs are due.
func (t *tenant) jobsDue(now time.Time) bool {
	_, found := t.Jobs.First(func(j *job) bool { return !j.Done && !now.Before(j.Due) })
	return found
}

// settleJobs completes the jobs that are due, on behalf of the applications that requested them.
func (c *call) settleJobs() {
	for _, j := range c.Jobs.Where(func(j *job) bool { return !j.Done && !c.now.Before(j.Due) }) {
		j.Done = true
		c.token = &accessToken{clientID: j.Client}
		switch str(j.Doc, "type") {
		case "users_import":
			c.runImport(j)
		case "users_export":
			c.runExport(j)
		default:
			c.runVerification(j)
		}
	}
}

// finish records the outcome of a job.
func (j *job) finish(status string, more doc) {
	j.Doc = patch(j.Doc, patch(more, doc{"status": status}))
}

func (c *call) job() (*job, error) {
	j, ok := c.Jobs.Get(c.params["id"])
	if !ok || c.now.Sub(j.Created) > jobRetention {
		return nil, apiError(http.StatusNotFound, "inexistent_job", "The job does not exist")
	}
	return j, nil
}

func getJob(c *call) (any, error) {
	j, err := c.job()
	if err != nil {
		return nil, err
	}
	return j.Doc, nil
}

func getJobErrors(c *call) (any, error) {
	j, err := c.job()
	if err != nil {
		return nil, err
	}
	if len(j.Errors) == 0 {
		c.status = http.StatusNoContent
		return nil, nil
	}
	return j.Errors, nil
}

// checkImport reads the form of an import, before it counts against a limit.
func checkImport(c *call) error {
	// A little more than the file may hold, for the form around it.
	c.request.Body = http.MaxBytesReader(nil, c.request.Body, maxImport+64<<10)
	if err := c.request.ParseMultipartForm(maxBody); err != nil {
		if strings.Contains(err.Error(), "too large") {
			return importTooLarge()
		}
		return badRequest("Invalid multipart payload format")
	}
	file, header, err := c.request.FormFile("users")
	if err != nil {
		return invalid("Payload", "'Missing required property: users'.")
	}
	defer func() { _ = file.Close() }()
	if header.Size > maxImport {
		return importTooLarge()
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return badRequest("Invalid multipart payload format")
	}
	if c.request.FormValue("connection_id") == "" {
		return invalid("Payload", "'Missing required property: connection_id'.")
	}
	c.body = doc{}
	for key, values := range c.request.MultipartForm.Value {
		c.body[key] = values[0]
	}
	if err := json.Unmarshal(data, &c.items); err != nil {
		return apiError(http.StatusBadRequest, "invalid_body", "Users file does not contain a valid JSON array")
	}
	return nil
}

func importTooLarge() *failure {
	return badRequestStatus(http.StatusRequestEntityTooLarge, fmt.Sprintf("Payload content length greater than maximum allowed: %d", maxImport))
}

// importTime is how long an import takes: most of a second, and more for many users.
func importTime(users int) time.Duration {
	return 900*time.Millisecond + time.Duration(users)*time.Millisecond
}

func importUsers(c *call) (any, error) {
	connection, ok := c.Connections.Get(str(c.body, "connection_id"))
	switch {
	case !ok:
		return nil, apiError(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case connection.Strategy() != "auth0":
		return nil, invalidBody("Users can only be imported into database connections")
	}
	active := c.Jobs.Where(func(j *job) bool { return !j.Done && str(j.Doc, "type") == "users_import" })
	if len(active) >= maxActiveImports {
		return nil, apiError(http.StatusTooManyRequests, "", fmt.Sprintf("There are %d active import users jobs, please wait until "+
			"some of them are finished and try again", maxActiveImports))
	}
	more := doc{"connection_id": connection.ID, "connection": connection.Name()}
	if id := str(c.body, "external_id"); id != "" {
		more["external_id"] = id
	}
	j := c.newJob("users_import", importTime(len(c.items)), more)
	j.Upsert = str(c.body, "upsert") == "true"
	for _, item := range c.items {
		given, _ := item.(doc)
		j.Users = append(j.Users, given)
	}
	shown := j.Doc
	if str(c.body, "send_completion_email") != "false" {
		c.tenant.Emails = append(c.tenant.Emails, Email{Type: "users_import", To: "administrators", At: timestamp(c.now)})
	}
	return shown, nil
}

// importSchema is what a file may say of a user.
var importSchema = objectOf(`
email string format=email
email_verified boolean
user_id string len=1..
username string len=1..128
phone_number string pattern=^\+[0-9]{1,15}$
phone_verified boolean
given_name string len=1..150
family_name string len=1..150
name string len=1..300
nickname string len=1..300
picture string format=uri
blocked boolean
app_metadata object
user_metadata object
password_hash string pattern=^\$2[ab]\$10\$[./A-Za-z0-9]{53}$
custom_password_hash object
  algorithm! string enum=argon2,bcrypt,hmac,ldap,md4,md5,sha1,sha256,sha512,pbkdf2,scrypt
  hash! object
    value! string len=1..
    encoding string enum=base64,hex,utf8
    digest string enum=md4,md5,ripemd160,sha1,sha224,sha256,sha384,sha512,whirlpool
    key object
      value! string len=1..
      encoding string enum=base64,hex,utf8
  salt object
    value! string len=1..
    encoding string enum=base64,hex,utf8
    position string enum=prefix,suffix
  password object
    encoding string enum=ascii,utf8,utf16le,ucs2,latin1,binary
  keylen integer
  cost integer
  blockSize integer
  parallelization integer
mfa_factors array<object> len=..10 open
`)

// runImport imports what a job was given, user by user.
func (c *call) runImport(j *job) {
	connection, ok := c.Connections.Get(str(j.Doc, "connection_id"))
	summary := struct{ inserted, updated, failed int }{}
	seen := map[string]bool{}
	for _, given := range j.Users {
		var code, message string
		updated := false
		if !ok {
			code, message = "CONNECTION_NOT_FOUND", "The connection does not exist"
		} else {
			updated, code, message = c.importUser(j, connection, given, seen)
		}
		switch {
		case code != "":
			summary.failed++
			j.Errors = append(j.Errors, doc{"user": maskedHashes(given), "errors": []any{doc{"code": code, "message": message}}})
		case updated:
			summary.updated++
		default:
			summary.inserted++
		}
	}
	j.Users = nil
	total := summary.failed + summary.inserted + summary.updated
	j.finish("completed", doc{"summary": doc{
		"failed": summary.failed, "updated": summary.updated, "inserted": summary.inserted, "total": total,
	}})
}

// importUser inserts or updates one user, or says why not.
func (c *call) importUser(j *job, connection *connection, given doc, seen map[string]bool) (updated bool, code, message string) {
	if given == nil {
		return false, "INVALID_TYPE", "Expected type object"
	}
	if problem := importSchema.check(given); problem != "" {
		return false, importCode(problem), problem
	}
	if custom := object(given, "custom_password_hash"); custom != nil {
		if _, err := verifierOf(custom); err != nil {
			return false, "NOT_PASSED", "Invalid custom_password_hash: " + err.Error()
		}
	}
	email := strings.ToLower(str(given, "email"))
	for _, key := range connection.requiredIdentifiers() {
		if str(given, key) == "" && key == "email" {
			return false, "OBJECT_REQUIRED", "Missing required property: " + key
		}
	}
	if email != "" && seen[email] {
		return false, "DUPLICATED_USER", "The user is duplicated in the file"
	}
	seen[email] = true
	existing := c.index.holder(connection.Name(), "email", email)
	switch {
	case existing != nil && j.Upsert:
		c.upsert(existing, given)
		return true, "", ""
	case existing != nil, c.importTaken(connection, given):
		return false, "DUPLICATED_USER", "The user already exist and upsert parameter is false"
	}
	u, err := c.addNewUser(connection, omit(given, "password_hash", "custom_password_hash", "mfa_factors"))
	if err != nil {
		return false, "CONFLICT", err.Error()
	}
	after := *u
	after.importHash(given)
	c.putUser(&after)
	return false, "", ""
}

// importHash takes over the hash of a password: Auth0's own form, or another service's.
func (u *user) importHash(given doc) {
	if hash := str(given, "password_hash"); hash != "" {
		u.Password, u.Imported = []byte(strings.Replace(hash, "$2b$", "$2a$", 1)), nil
	}
	if custom := object(given, "custom_password_hash"); custom != nil {
		u.Password, u.Imported = nil, custom
	}
}

// importTaken reports whether an identifier of a new user is someone else's.
func (c *call) importTaken(connection *connection, given doc) bool {
	if id := str(given, "user_id"); id != "" && c.Users.Has("auth0|"+strings.TrimPrefix(id, "auth0|")) {
		return true
	}
	for _, kind := range []string{"username", "phone_number"} {
		if value := str(given, kind); value != "" && c.index.holder(connection.Name(), kind, value) != nil {
			return true
		}
	}
	return false
}

// upsert overwrites; unlike a PATCH, it does not merge metadata. The password is taken only before the first login.
func (c *call) upsert(before *user, given doc) {
	after := *before
	after.Doc = patch(before.Doc, pick(given, "app_metadata", "user_metadata", "email_verified", "name", "given_name", "family_name",
		"nickname", "picture", "blocked"))
	after.Doc["updated_at"] = timestamp(c.now)
	if number(before.Doc, "logins_count", 0) == 0 {
		after.importHash(given)
	}
	c.putUser(&after)
	c.emit("user.updated", after.Doc)
}

// importCode is the code of a finding of the schema.
func importCode(problem string) string {
	for prefix, code := range map[string]string{
		"'Object didn't pass": "FORMAT", "'No enum match": "ENUM_MISMATCH", "'String is too short": "MIN_LENGTH",
		"'String is too long": "MAX_LENGTH", "'Expected type": "INVALID_TYPE", "'Array is too long": "ARRAY_LENGTH_LONG",
		"'Array is too short": "ARRAY_LENGTH_SHORT", "'String does not match": "PATTERN", "'Missing required": "OBJECT_REQUIRED",
		"'Additional properties": "NOT_PASSED",
	} {
		if strings.HasPrefix(problem, prefix) {
			return code
		}
	}
	return "NOT_PASSED"
}

// maskedHashes hides password hashes in the list of errors.
func maskedHashes(given doc) doc {
	out := clone(given)
	for _, key := range []string{"password_hash", "custom_password_hash"} {
		if has(out, key) {
			out[key] = "*****"
		}
	}
	return out
}

func exportUsers(c *call) (any, error) {
	more := pick(c.body, "connection_id", "format", "limit", "fields")
	if !has(more, "format") {
		more["format"] = "json"
	}
	if id := str(c.body, "connection_id"); id != "" {
		connection, ok := c.Connections.Get(id)
		if !ok {
			return nil, apiError(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
		}
		more["connection"] = connection.Name()
	}
	if str(more, "format") == "csv" && len(list(more, "fields")) > 30 {
		return nil, invalid("Payload", "'Array is too long ("+fmt.Sprint(len(list(more, "fields")))+"), maximum 30' on property fields.")
	}
	return c.newJob("users_export", importTime(c.Users.Len()/10), more).Doc, nil
}

// runExport writes the file that the job's location leads to.
func (c *call) runExport(j *job) {
	limit := int(number(j.Doc, "limit", float64(c.Users.Len())))
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	fields := list(j.Doc, "fields")
	if len(fields) == 0 {
		for _, name := range []string{"user_id", "email", "name", "nickname", "email_verified", "created_at", "updated_at"} {
			fields = append(fields, doc{"name": name})
		}
	}
	writer := csv.NewWriter(zip)
	if str(j.Doc, "format") == "csv" {
		must(writer.Write(columns(fields)))
	}
	for _, u := range c.Users.All() {
		if name := str(j.Doc, "connection"); name != "" && u.connection() != name {
			continue
		}
		if limit == 0 {
			break
		}
		limit--
		if str(j.Doc, "format") == "csv" {
			must(writer.Write(row(u.Doc, fields)))
			continue
		}
		line, err := json.Marshal(exported(u.Doc, list(j.Doc, "fields")))
		must(err)
		_, _ = zip.Write(append(line, '\n'))
	}
	writer.Flush()
	must(zip.Close())
	j.Export = out.Bytes()
	location := c.link("/_exports/"+j.ID, url.Values{"expires": {fmt.Sprint(c.now.Add(exportLinkTime).Unix())}})
	j.finish("completed", doc{"location": location})
}

func columns(fields []any) []string {
	var out []string
	for _, f := range fields {
		out = append(out, firstOf(str(f.(doc), "export_as"), str(f.(doc), "name")))
	}
	return out
}

func row(profile doc, fields []any) []string {
	var out []string
	for _, f := range fields {
		text := ""
		if found := fieldOf(profile, f); found != nil {
			text = textOf(found)
		}
		out = append(out, text)
	}
	return out
}

// fieldOf is the first value of a field that an export names, like identities[0].connection.
func fieldOf(profile doc, field any) (found any) {
	path := strings.ReplaceAll(str(field.(doc), "name"), "[0]", "")
	anyValue(profile, path, func(v any) bool {
		found = v
		return true
	})
	return found
}

// exported is a user as an export shows it; without fields, the whole profile.
func exported(profile doc, fields []any) doc {
	if len(fields) == 0 {
		return profile
	}
	out := doc{}
	for i, column := range columns(fields) {
		if found := fieldOf(profile, fields[i]); found != nil {
			out[column] = found
		}
	}
	return out
}

// downloadExport answers the link of a job, for as long as it is signed.
func downloadExport(c *call) (any, error) {
	j, ok := c.Jobs.Get(c.params["id"])
	if !ok || j.Export == nil || str(c.query, "expires") < fmt.Sprint(c.now.Unix()) {
		return nil, &failure{status: http.StatusForbidden, body: "The link has expired"}
	}
	c.header.Set("Content-Type", "application/gzip")
	return string(j.Export), nil
}

func sendVerification(c *call) (any, error) {
	u, ok := c.Users.Get(str(c.body, "user_id"))
	if !ok {
		return nil, noUser()
	}
	if id := str(c.body, "client_id"); id != "" && !c.Clients.Has(id) {
		return nil, noClient()
	}
	j := c.newJob("verification_email", 0, doc{})
	j.Users = []doc{{"user_id": u.ID}}
	return j.Doc, nil
}

func (c *call) runVerification(j *job) {
	u, ok := c.Users.Get(str(j.Users[0], "user_id"))
	if !ok || str(u.Doc, "email") == "" || truth(u.Doc, "email_verified") {
		j.finish("failed", nil)
		return
	}
	c.sendEmail("verify_email", u, str(u.Doc, "email"))
	j.finish("completed", nil)
}
