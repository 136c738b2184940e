package simulator_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func TestOrganizations(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	const none = `404 {"statusCode":404,"error":"Not Found","message":"No organization found by that id or name"}`
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/organizations {"name":"Acme"}`, `400 {"message":"</String does not match pattern/>","...":0}`},
		step{`POST /api/v2/organizations {"name":"acme","metadata":{"a":"b"}}`, `201 {"id":"<org>","name":"acme","display_name":"acme","metadata":{"a":"b"}}`},
		step{`POST /api/v2/organizations {"name":"acme"}`, `409 {"statusCode":409,"error":"Conflict","message":"An organization with this name already exists.","errorCode":"organization_conflict"}`},
		step{`GET /api/v2/organizations/name/acme`, `200 {"id":"$org","...":0}`},
		step{`GET /api/v2/organizations/name/nobody`, none},
		step{`PATCH /api/v2/organizations/$org {"display_name":"ACME"}`, `200 {"display_name":"ACME","...":0}`},
		step{`POST /api/v2/roles {"name":"admin","description":"d"}`, `200 {"id":"<role>","...":0}`},
		step{`POST /api/v2/organizations/$org/members/auth0%7Cchuck/roles {"roles":["$role"]}`, `204`},
		step{`POST /api/v2/organizations/$org/members {"members":["auth0|nobody"]}`, `404 ...`},
		step{`POST /api/v2/organizations/$org/members {"members":["a","b","c","d","e","f","g","h","i","j","k"]}`, `400 {"errorCode":"invalid_body","...":0}`},
		step{`POST /api/v2/organizations/$org/members {"members":["auth0|chuck"]}`, `204`},
		step{`GET /api/v2/organizations/$org/members?fields=user_id,roles`, `200 [{"user_id":"auth0|chuck","roles":[{"id":"$role","name":"admin"}]}]`},
		step{`GET /api/v2/organizations/$org/members?fields=user_id&take=1`, `200 {"members":[{"user_id":"auth0|chuck"}],"next":"<next>"}`},
		step{`GET /api/v2/organizations/$org/members?fields=user_id,nickname`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/organizations/$org/members?take=101`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/organizations/$org/members?take=1`, `200 {"members":[{"user_id":"auth0|chuck","...":0}],"next":"<next>"}`},
		step{`GET /api/v2/organizations/$org/members?take=1&from=$next`, `200 {"members":[]}`},
		step{`GET /api/v2/users/auth0%7Cchuck/organizations`, `200 [{"id":"$org","...":0}]`},
		step{`GET /api/v2/connections`, `200 [{"id":"<con>","...":0}]`},
		step{`POST /api/v2/organizations/$org/enabled_connections {"connection_id":"$con","is_signup_enabled":true}`,
			`400 {"message":"Only database connections with assign_membership_on_login = true support is_signup_enabled = true.","...":0}`},
		step{`POST /api/v2/organizations/$org/enabled_connections {"connection_id":"$con"}`,
			`201 {"connection_id":"$con","assign_membership_on_login":false,"show_as_button":true,"is_signup_enabled":false,"connection":{"name":"Username-Password-Authentication","strategy":"auth0"}}`},
		step{`DELETE /api/v2/organizations/$org/enabled_connections/$con`, `204`},
		step{`GET /api/v2/organizations/$org/enabled_connections/$con`, `404 {"statusCode":404,"error":"Not Found","message":"No connection found by that id"}`},
		step{`DELETE /api/v2/users/auth0%7Cchuck`, `204`},
		step{`GET /api/v2/organizations/$org/members`, `200 []`},
		step{`DELETE /api/v2/organizations/$org`, `204`},
		step{`DELETE /api/v2/organizations/$org`, none},
	)
}

func TestConnections(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`POST /api/v2/connections {"name":"db","strategy":"auth0","options":{"passwordPolicy":"low"},"enabled_clients":["operator"]}`, `201 {"id":"<con>","options":{"passwordPolicy":"low","mfa":"<*>","...":0},"...":0}`},
		step{`PATCH /api/v2/connections/$con {"options":{"disable_signup":true}}`,
			`200 {"options":{"disable_signup":true,"brute_force_protection":true,"authentication_methods":"<*>","passkey_options":"<*>"},"...":0}`},
		step{`POST /api/v2/connections {"name":"db","strategy":"auth0"}`, `409 ...`},
		step{`POST /api/v2/users {"connection":"db","email":"a@example.com","password":"x"}`, `201 {"user_id":"<user>","...":0}`},
		step{`DELETE /api/v2/connections/$con`, `202 {"deleted_at":"<*>"}`},
		step{`GET /api/v2/connections/$con`, `404 {"statusCode":404,"error":"Not Found","message":"The connection does not exist","errorCode":"inexistent_connection"}`},
		step{`GET /api/v2/users/$user`, `404 ...`},
		step{`DELETE /api/v2/connections/$con`, `202 {"deleted_at":"<*>"}`},
		step{`POST /api/v2/connections {"name":"db","strategy":"auth0"}`, `409 ...`}, // the name is taken until the deletion has ended
		step{`POST /_sim/clock {"advance":"10s"}`, `200 ...`},
		step{`DELETE /api/v2/connections/$con`, `204`},
		step{`POST /api/v2/connections {"name":"db","strategy":"auth0"}`, `201 ...`},
		step{`POST /api/v2/connections {"name":"-bad","strategy":"auth0"}`, `400 ...`},
	)
}

func TestClientSecretsNeedTheirScope(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login("create:clients", "read:clients", "update:clients")
	n.play(
		step{`POST /api/v2/clients {"name":"app"}`, `201 {"client_id":"<app>","name":"app","is_first_party":true,"is_token_endpoint_ip_header_trusted":false,
			"oidc_conformant":false,"sso_disabled":false,"cross_origin_authentication":false,"custom_login_page_on":true,
			"grant_types":["authorization_code","implicit","refresh_token","client_credentials"],
			"jwt_configuration":{"secret_encoded":false,"lifetime_in_seconds":36000},
			"refresh_token":{"rotation_type":"non-rotating","expiration_type":"non-expiring","leeway":0,"token_lifetime":2592000,"infinite_token_lifetime":true,"infinite_idle_token_lifetime":true,"idle_token_lifetime":1296000}}`},
		step{`PATCH /api/v2/clients/$app {"client_secret":"mine"}`, `403 ...`},
		step{`PATCH /api/v2/clients/$app {"client_metadata":{"a":"1","b":"2"}}`, `200 {"client_metadata":{"a":"1","b":"2"},"...":0}`},
		step{`PATCH /api/v2/clients/$app {"client_metadata":{"a":null,"c":"3"}}`, `200 {"client_metadata":{"b":"2","c":"3"},"...":0}`},
		step{`POST /api/v2/clients/$app/rotate-secret`, `403 ...`},
		step{`POST /api/v2/clients {"name":"a<b"}`, `400 ...`},
		step{`DELETE /api/v2/clients/$app`, `403 ...`},
	)
	n.login("read:client_summary")
	n.play(step{`GET /api/v2/clients/$app`, `200 {"client_id":"$app","name":"app","is_first_party":true,"client_metadata":"<*>"}`})
	n.login()
	n.play(
		step{`GET /api/v2/clients/$app?fields=client_secret`, `200 {"client_secret":"</^.{64}$/>"}`},
		step{`DELETE /api/v2/clients/$app`, `204`},
		step{`DELETE /api/v2/clients/$app`, `204`},
		step{`GET /api/v2/clients/$app`, `404 {"statusCode":404,"error":"Not Found","message":"The client does not exist","errorCode":"inexistent_client"}`},
	)
}

func TestResourceServers(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	identifier := url.PathEscape("https://api.example.com/")
	n.vars["once"], n.vars["twice"] = identifier, url.PathEscape(identifier)
	n.play(
		step{`POST /api/v2/resource-servers {"name":"API","identifier":"https://api.example.com/","scopes":[{"value":"a"}]}`, `201 {"id":"</^[0-9a-f]{24}$/>","name":"API",
			"identifier":"https://api.example.com/","scopes":[{"value":"a"}],"signing_alg":"RS256","allow_offline_access":false,"token_lifetime":86400,
			"token_lifetime_for_web":7200,"skip_consent_for_verifiable_first_party_clients":false}`},
		step{`GET /api/v2/resource-servers/$once`, `200 {"name":"API","...":0}`},
		step{`GET /api/v2/resource-servers/$twice`, `200 {"name":"API","...":0}`},
		step{`POST /api/v2/resource-servers {"identifier":"https://api.example.com/"}`, `409 ...`},
		step{`PATCH /api/v2/resource-servers/$once {"identifier":"x"}`, `400 ...`},
		step{`GET /api/v2/resource-servers?identifiers=none`, `200 []`},
		step{`DELETE /api/v2/resource-servers/$once`, `204`},
		step{`DELETE /api/v2/resource-servers/$once`, `204`},
		step{`GET /api/v2/resource-servers/$once`, `404 {"errorCode":"inexistent_resource_server","...":0}`},
		step{`GET /api/v2/resource-servers?fields=id`, `200 [{"id":"<system>"}]`},
		step{`DELETE /api/v2/resource-servers/$system`, `400 ...`},
		step{`PATCH /api/v2/resource-servers/$system {"name":"x"}`, `400 ...`},
		step{`PATCH /api/v2/resource-servers/$system {"token_lifetime":3600}`, `200 {"token_lifetime":3600,"...":0}`},
	)
}

// importJob uploads a file of users.
func (n *tenant) importJob(users string, fields map[string]string) (int, []byte) {
	n.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for key, value := range fields {
		_ = form.WriteField(key, n.expand(value))
	}
	part, _ := form.CreateFormFile("users", "users.json")
	_, _ = io.WriteString(part, users)
	_ = form.Close()
	request, _ := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.URL+"/api/v2/jobs/users-imports", &body)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Authorization", "Bearer "+n.token)
	response, err := n.http.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, _ := io.ReadAll(response.Body)
	return response.StatusCode, data
}

func TestImports(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(step{newUser, `201 ...`}, step{`GET /api/v2/connections`, `200 [{"id":"<con>","...":0}]`})
	expect := func(answer string, status int, body []byte) {
		t.Helper()
		if problem := n.compare(n.expand(answer), fmt.Sprintf("%d %s", status, bytes.TrimSpace(body))); problem != "" {
			t.Fatalf("%s: %d %s", problem, status, body)
		}
	}
	const file = `[{"email":"a@example.com","user_id":"a","app_metadata":{"x":1}},{"email":"chuck@example.com"},{"email":"bad"},{"email":"a@example.com"}]`
	status, body := n.importJob(file, map[string]string{"connection_id": "$con", "external_id": "mine", "send_completion_email": "false"})
	expect(`202 {"type":"users_import","status":"pending","connection_id":"$con","connection":"Username-Password-Authentication","created_at":"<*>","id":"<job>","external_id":"mine"}`, status, body)
	n.play(
		step{`GET /api/v2/users/auth0%7Ca`, `404 ...`}, // not at once
		step{`GET /api/v2/jobs/$job`, `200 {"status":"pending","...":0}`},
		step{`POST /_sim/clock {"advance":"10s"}`, `200 ...`},
		step{`GET /api/v2/jobs/$job`, `200 {"status":"completed","summary":{"failed":3,"updated":0,"inserted":1,"total":4},"...":0}`},
		step{`GET /api/v2/jobs/$job/errors`, `200 [
			{"user":{"email":"chuck@example.com"},"errors":[{"code":"DUPLICATED_USER","message":"The user already exist and upsert parameter is false"}]},
			{"user":{"email":"bad"},"errors":[{"code":"FORMAT","message":"<*>"}]},
			{"user":{"email":"a@example.com"},"errors":[{"code":"DUPLICATED_USER","message":"<*>"}]}]`},
		step{`GET /api/v2/users/auth0%7Ca`, `200 {"app_metadata":{"x":1},"...":0}`},
	)
	status, body = n.importJob(`[{"email":"a@example.com","app_metadata":{"y":2}}]`, map[string]string{"connection_id": "$con", "upsert": "true", "send_completion_email": "false"})
	expect(`202 {"id":"<job>","...":0}`, status, body)
	status, body = n.importJob(`[{"email":"b@example.com"}]`, map[string]string{"connection_id": "$con"})
	expect(`202 {"id":"<other>","...":0}`, status, body)
	status, body = n.importJob(`[]`, map[string]string{"connection_id": "$con"})
	if status == http.StatusTooManyRequests {
		expect(`429 {"statusCode":429,"error":"Too Many Requests","message":"There are 2 active import users jobs, please wait until some of them are finished and try again"}`, status, body)
	}
	n.Advance(time.Minute)
	n.play(
		step{`GET /api/v2/jobs/$job`, `200 {"summary":{"failed":0,"updated":1,"inserted":0,"total":1},"...":0}`},
		step{`GET /api/v2/jobs/$job/errors`, `204`},
		step{`GET /api/v2/users/auth0%7Ca`, `200 {"app_metadata":{"y":2},"...":0}`}, // overwritten, not merged
	)
	status, body = n.importJob("["+strings.Repeat(`{"email":"a@example.com"},`, 30000)+`{}]`, map[string]string{"connection_id": "$con"})
	expect(`413 {"statusCode":413,"error":"Request Entity Too Large","message":"Payload content length greater than maximum allowed: 512000"}`, status, body)
	status, body = n.importJob(`{`, map[string]string{"connection_id": "$con"})
	expect(`400 {"errorCode":"invalid_body","...":0}`, status, body)
	status, body = n.importJob(`[]`, map[string]string{"connection_id": "con_0000000000000000"})
	expect(`400 {"errorCode":"inexistent_connection","...":0}`, status, body)
	n.Advance(23 * time.Hour)
	n.login()
	n.Advance(2 * time.Hour)
	n.login()
	n.play(step{`GET /api/v2/jobs/$job`, `404 ...`})
}

func TestExports(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/jobs/users-exports {"format":"csv","fields":[{"name":"email"},{"name":"user_metadata.b","export_as":"b"}]}`, `200 {"type":"users_export","status":"pending","id":"<job>","...":0}`},
		step{`POST /_sim/clock {"advance":"10s"}`, `200 ...`},
		step{`GET /api/v2/jobs/$job`, `200 {"status":"completed","location":"<location>","...":0}`},
	)
	status, body := n.do("GET", strings.TrimPrefix(n.vars["location"], n.URL), "")
	zip, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%d %v", status, err)
	}
	text, _ := io.ReadAll(zip)
	if string(text) != "email,b\nchuck@example.com,2\n" {
		t.Errorf("exported %q", text)
	}
	n.Advance(2 * time.Minute)
	if status, _ := n.do("GET", strings.TrimPrefix(n.vars["location"], n.URL), ""); status != http.StatusForbidden {
		t.Errorf("an old link gives %d", status)
	}
}

func TestTickets(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/tickets/password-change {"user_id":"auth0|chuck"}`, `201 {"ticket":"</^https://localhost:\\d+/u/reset-password\\?ticket=[A-Za-z0-9]{32}#$/>"}`},
		step{`POST /api/v2/tickets/email-verification {"user_id":"auth0|chuck"}`, `201 {"ticket":"</u/email-verification/>"}`},
		step{`POST /api/v2/tickets/password-change {"user_id":"auth0|nobody"}`, `404 {"errorCode":"inexistent_user","...":0}`},
		step{`POST /api/v2/tickets/password-change {}`, `400 ...`},
		step{`POST /api/v2/jobs/verification-email {"user_id":"auth0|chuck"}`, `201 {"type":"verification_email","status":"pending","id":"<job>","created_at":"<*>"}`},
		step{`GET /api/v2/jobs/$job`, `200 {"status":"completed","...":0}`},
		step{`POST /api/v2/jobs/verification-email {"user_id":"auth0|chuck","client_id":"not a client"}`, `400 {"message":"</^Payload validation error: 'Object didn't pass validation for format client-id: not a client' on property client_id \\(client_id of the client/>","...":0}`},
	)
}

func TestLinkedIdentities(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/users {"connection":"Username-Password-Authentication","email":"b@example.com","password":"Has 1 good password","user_id":"b"}`, `201 ...`},
		step{`POST /api/v2/users/auth0%7Cchuck/identities {"provider":"auth0","user_id":"b"}`, `201 [{"user_id":"chuck","profileData":"<*>","...":0},{"user_id":"b","profileData":{"email":"b@example.com","...":0},"...":0}]`},
		step{`GET /api/v2/users/auth0%7Cb`, `404 ...`},
		step{`POST /api/v2/users/auth0%7Cchuck/identities {"provider":"auth0","user_id":"b"}`, `409 ...`},
		step{`GET /api/v2/users/auth0%7Cchuck?fields=identities`, `200 {"identities":[{"user_id":"chuck","provider":"auth0","connection":"<*>","isSocial":false},{"user_id":"b","profileData":"<*>","...":0}]}`},
		step{`DELETE /api/v2/users/auth0%7Cchuck/identities/auth0/b`, `200 [{"user_id":"chuck","...":0}]`},
		step{`GET /api/v2/users/auth0%7Cb`, `200 ...`},
		step{`DELETE /api/v2/users/auth0%7Cchuck/identities/auth0/b`, `404 ...`},
	)
}

func TestLogs(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/logs`, `200 [{"type":"seccft","log_id":"<start>","client_id":"operator","audience":"https://$domain/api/v2/","...":0}]`},
		step{newUser, `201 ...`},
		step{`PATCH dashboard:/api/v2/users/auth0%7Cchuck {"name":"x"}`, `200 ...`},
		step{`GET /api/v2/logs?from=$start&take=2`, `200 [{"type":"ss","user_id":"auth0|chuck","details":{"body":{"password":"*****","...":0}},"log_id":"<*>","...":0},
			{"type":"sapi","description":"Create a User","log_id":"<second>","details":{"request":{"method":"post","path":"/api/v2/users","channel":"api","body":{"password":"*****","...":0},"...":0},"response":{"statusCode":201,"body":{"user_id":"auth0|chuck","...":0}}},"...":0}]`},
		step{`GET /api/v2/logs?from=$second`, `200 [{"type":"sapi","description":"Update a User","log_id":"</^900\\d{53}$/>","details":{"request":{"channel":"https://manage.auth0.com/","...":0},"...":0},"...":0}]`},
		step{`GET /api/v2/logs?q=type:ss&fields=type`, `200 [{"type":"ss"}]`},
		step{`GET /api/v2/logs/$second`, `200 {"log_id":"$second","...":0}`},
		step{`GET /api/v2/logs/900`, `404 ...`},
		step{`GET /api/v2/users/auth0%7Cchuck/logs`, `200 [{"type":"ss","...":0}]`},
		step{`DELETE /api/v2/users/auth0%7Cchuck`, `204`},
		step{`GET /api/v2/logs?per_page=2`, `200 [{"type":"sapi","description":"Delete a User","...":0},{"type":"sdu","user_id":"auth0|chuck","...":0}]`},
		step{`GET /api/v2/logs?page=20&per_page=100`, `400 ...`},
	)
}

// listen subscribes to events, and sends them to the channel until the test ends.
func (n *tenant) listen(query string) <-chan map[string]any {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n.t.Cleanup(cancel)
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, n.URL+"/api/v2/events"+query, http.NoBody)
	request.Header.Set("Authorization", "Bearer "+n.token)
	response, err := n.http.Do(request) //nolint:bodyclose // the goroutine below closes it
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		n.t.Fatalf("listening: %v %v", response, err)
	}
	out := make(chan map[string]any, 100)
	go func() {
		defer close(out)
		defer func() { _ = response.Body.Close() }()
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var event map[string]any
				_ = json.Unmarshal([]byte(data), &event)
				out <- event
			}
		}
	}()
	return out
}

func TestEvents(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	all, some := n.listen(""), n.listen("?event_type=user.deleted")
	n.play(
		step{newUser, `201 ...`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"name":"x"}`, `200 ...`},
		step{`DELETE /api/v2/users/auth0%7Cchuck`, `204`},
	)
	var last string
	for _, want := range []string{"user.created", "user.updated", "user.deleted"} {
		got := <-all
		event := got["event"].(map[string]any)
		object := event["data"].(map[string]any)["object"].(map[string]any)
		if event["type"] != want || object["user_id"] != "auth0|chuck" || event["specversion"] != "1.0" {
			t.Errorf("got %v, want %s", got, want)
		}
		if want == "user.created" {
			last = got["offset"].(string)
		}
	}
	if got := (<-some)["event"].(map[string]any)["type"]; got != "user.deleted" {
		t.Errorf("the filtered stream has %v", got)
	}
	again := n.listen("?from=" + last)
	if got := (<-again)["event"].(map[string]any)["type"]; got != "user.updated" {
		t.Errorf("resuming after the first event gives %v", got)
	}
	n.Advance(10 * time.Minute) // Auth0 ends these connections every few minutes
	if _, open := <-all; open {
		t.Error("the stream goes on")
	}
	n.login("read:users")
	n.play(step{`GET /api/v2/events`, `403 ...`})
}

func TestConnectionsForEventsAreLimited(t *testing.T) {
	for plan, limit := range map[simulator.RateLimit]int{
		simulator.RateLimitFree: 1, simulator.RateLimitSelfService: 4, simulator.RateLimitEnterprise: 8,
	} {
		n := start(t, simulator.Options{RateLimit: plan})
		n.login()
		for range limit {
			n.listen("")
			n.Advance(10 * time.Second) // other limits are not what this is about, and Auth0 ends old connections
		}
		n.play(
			step{`GET /api/v2/events`, `403 {"statusCode":403,"error":"Forbidden","message":"The maximum number of concurrent connections has been reached","errorCode":"too_many_connections"}`},
			step{`GET /_sim/requests`, fmt.Sprintf(`200 {"total":%d,"byRoute":[
				{"method":"GET","route":"/api/v2/events","status":200,"count":%d},
				{"method":"GET","route":"/api/v2/events","status":403,"count":1},
				{"method":"POST","route":"/oauth/token","status":200,"count":1}]}`, limit+2, limit)},
		)
	}
}

func TestEventStreams(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	received := make(chan *http.Request, 10)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { received <- r }))
	defer receiver.Close()
	n.vars["url"] = receiver.URL
	n.play(
		step{`POST /api/v2/event-streams {"name":"s","subscriptions":[{"event_type":"user.created"}],"destination":{"type":"webhook","configuration":{"webhook_endpoint":"$url","webhook_authorization":{"method":"bearer","token":"t0ken"}}}}`,
			`201 {"id":"<stream>","status":"enabled","name":"s","subscriptions":[{"event_type":"user.created"}],"created_at":"<*>","updated_at":"<*>","destination":{"type":"webhook","configuration":{"webhook_endpoint":"$url","webhook_authorization":{"method":"bearer"}}}}`},
		step{newUser, `201 ...`},
	)
	if got := (<-received).Header.Get("Authorization"); got != "Bearer t0ken" {
		t.Errorf("the webhook got %q", got)
	}
	n.play(
		step{`GET /api/v2/event-streams`, `200 {"eventStreams":[{"id":"$stream","...":0}]}`},
		step{`PATCH /api/v2/event-streams/$stream {"status":"disabled"}`, `200 {"status":"disabled","...":0}`},
		step{`POST /api/v2/event-streams/$stream/test {"event_type":"user.created"}`, `202 {"id":"</^evt_/>","status":"pending","attempts":[],"...":0}`},
		step{`GET /api/v2/event-streams/est_invalid_id_1234567890`, `400 {"statusCode":400,"error":"Bad Request","message":"Path validation error: 'Object didn't pass validation for format event-stream-id: est_invalid_id_1234567890' on property id (Unique identifier for the event stream).","errorCode":"invalid_uri"}`},
		step{`DELETE /api/v2/event-streams/$stream`, `204`},
		step{`DELETE /api/v2/event-streams/$stream`, `204`},
		step{`GET /api/v2/event-streams/$stream`, `404 {"statusCode":404,"error":"Not Found","message":"The requested stream does not exist."}`},
	)
}

func TestTenantSettings(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`PATCH /api/v2/tenants/settings {"friendly_name":"Mine","flags":{"enable_client_connections":true}}`, `200 {"friendly_name":"Mine","...":0}`},
		step{`GET /api/v2/tenants/settings?fields=flags`, `200 {"flags":{"enable_client_connections":true,"enable_sso":true,"...":0}}`},
		step{`POST /api/v2/clients {"name":"app"}`, `201 {"client_id":"<app>","...":0}`},
		step{`GET /api/v2/connections`, `200 [{"enabled_clients":["operator","$app"],"...":0}]`},
		step{`PATCH /api/v2/tenants/settings {"friendly_name":null,"nonsense":1}`, `400 ...`},
		step{`PATCH /api/v2/tenants/settings {"friendly_name":null}`, `200 ...`},
		step{`GET /api/v2/tenants/settings?fields=friendly_name`, `200 {}`},
	)
}

func TestEntityLimitsOfAPlan(t *testing.T) {
	n := start(t, simulator.Options{RateLimit: simulator.RateLimitFree})
	for i := range 9 {
		n.play(step{fmt.Sprintf(`POST dashboard:/api/v2/clients {"name":"app %d"}`, i), `201 ...`})
	}
	n.play(step{`POST dashboard:/api/v2/clients {"name":"one too many"}`, `403 {"errorCode":"too_many_entities","...":0}`})
}

// TestConnectionOptionsScopes has the options of connections take scopes of their own, unless the tenant was not migrated.
func TestConnectionOptionsScopes(t *testing.T) {
	for _, unscoped := range []bool{false, true} {
		n := start(t, simulator.Options{ConnectionOptionsUnscoped: unscoped})
		n.play(step{`POST dashboard:/api/v2/connections {"name":"customers","strategy":"auth0"}`, `201 {"id":"<con>","options":"<*>","...":0}`})
		n.login("read:connections", "update:connections")
		shown := func(call string, body string) bool {
			status, answer := n.do(call, n.expand("/api/v2/connections/$con"), body)
			if status != 200 {
				t.Errorf("%s: %d %s", call, status, answer)
			}
			return strings.Contains(string(answer), `"options"`)
		}
		if shown("GET", "") != unscoped || shown("PATCH", `{"show_as_button":true}`) != unscoped {
			t.Errorf("unscoped %v: without the scope, options show otherwise", unscoped)
		}
		want := `403 {"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: update:connections_options","errorCode":"insufficient_scope"}`
		if unscoped {
			want = "200 ..."
		}
		n.play(step{`PATCH /api/v2/connections/$con {"options":{"disable_signup":true}}`, want})
	}
}
