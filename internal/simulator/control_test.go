package simulator_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func TestRequestsAreCountedByRoute(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.ResetRequests()
	n.play(
		step{newUser, `201 ...`},
		step{`GET /api/v2/users/auth0%7Cchuck`, `200 ...`},
		step{`GET /api/v2/users/auth0%7Cnobody`, `404 ...`},
		step{`GET dashboard:/api/v2/users/auth0%7Cchuck`, `200 ...`},
		step{`GET /nowhere`, `404 {"statusCode":404,"error":"Not Found","message":"Not Found"}`},
		step{`GET /_sim/requests`, `200 {"total":4,"byRoute":[
			{"method":"POST","route":"/api/v2/users","status":201,"count":1},
			{"method":"GET","route":"/api/v2/users/{id}","status":200,"count":1},
			{"method":"GET","route":"/api/v2/users/{id}","status":404,"count":1},
			{"method":"GET","route":"/nowhere","status":404,"count":1}]}`},
	)
	report := n.Requests()
	if report.Writes() != 1 || report.Count("GET", "/api/v2/users/{id}") != 2 || report.Count("", "") != 4 {
		t.Errorf("counts are wrong: %+v", report)
	}
	n.play(step{`DELETE /_sim/requests`, `200 {"total":0,"byRoute":[]}`})
}

func TestFaults(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	const get = `GET /api/v2/users/auth0%7Cchuck`
	n.play(
		step{newUser, `201 ...`},
		step{`POST /_sim/faults {"method":"GET","route":"/api/v2/users/{id}","times":2,"status":503,"body":{"any":"thing"},"headers":{"Retry-After":"7"}}`,
			`200 {"faults":[{"method":"GET","route":"/api/v2/users/{id}","times":2,"status":503,"body":{"any":"thing"},"headers":{"Retry-After":"7"}}]}`},
		step{get, `503 {"any":"thing"}`},
		step{get, `503 {"any":"thing"}`},
		step{get, `200 ...`},
		step{`POST /_sim/faults [{"status":500}]`, `200 ...`},
		step{get, `500 {"statusCode":500,"error":"Internal Server Error","message":"Internal Server Error"}`},
		step{`GET dashboard:/api/v2/users/auth0%7Cchuck`, `200 ...`},
		step{`DELETE /_sim/faults`, `200 {"faults":[]}`},
		step{get, `200 ...`},
	)
}

func TestDroppedConnections(t *testing.T) {
	for drop, created := range map[simulator.Drop]bool{simulator.DropBefore: false, simulator.DropAfter: true} {
		n := start(t, simulator.Options{})
		n.login()
		n.AddFaults(simulator.Fault{Method: "POST", Route: "/api/v2/users", Times: 1, Drop: drop})
		if status, _, err := n.try("POST", "/api/v2/users", `{"connection":"Username-Password-Authentication","email":"a@example.com","password":"Has 1 good password","user_id":"a"}`); err == nil {
			t.Errorf("drop %s: answered %d", drop, status)
		}
		status, _ := n.do("GET", "/api/v2/users/auth0%7Ca", "")
		if (status == http.StatusOK) != created {
			t.Errorf("drop %s: reading the user gives %d", drop, status)
		}
	}
}

func TestDelaysFollowTheClock(t *testing.T) {
	n := start(t, simulator.Options{})
	n.AddFaults(simulator.Fault{Route: "/.well-known/jwks.json", Delay: simulator.Duration(time.Hour)})
	answered := make(chan int)
	go func() {
		status, _, _ := n.try("GET", "/.well-known/jwks.json", "")
		answered <- status
	}()
	for {
		n.Advance(30 * time.Minute) // whenever the request arrives, three of these let it go on
		select {
		case status := <-answered:
			if status != http.StatusOK {
				t.Errorf("answered %d", status)
			}
			return
		default:
		}
	}
}

func TestSwitchesSayWhatTheyExpect(t *testing.T) {
	n := start(t, simulator.Options{})
	n.play(
		step{`POST /_sim/faults {"status":500,"drop":"after"}`, `400 {"error":"a fault has exactly one of \"status\", \"delay\", \"drop\", \"ignore\" and \"refuse\""}`},
		step{`POST /_sim/faults {}`, `400 {"error":"<*>"}`},
		step{`POST /_sim/faults {"route":"/api/v2/users/auth0","status":500}`, `400 {"error":"no route \"/api/v2/users/auth0\"; routes are templated, like \"/api/v2/users/{id}\""}`},
		step{`POST /_sim/faults {"stauts":500}`, `400 {"error":"</stauts/>"}`},
		step{`POST /_sim/faults {"delay":5}`, `400 {"error":"</1m30s/>"}`},
		step{`POST /_sim/faults {"drop":"maybe"}`, `400 {"error":"</before/>"}`},
		step{`POST /_sim/faults [`, `400 {"error":"<*>"}`},
		step{`POST /_sim/clock {"advance":"tomorrow"}`, `400 {"error":"</advance/>"}`},
		step{`POST /_sim/clock`, `400 {"error":"</advance/>"}`},
		step{`PUT /_sim/clock`, `405 {"error":"/_sim/clock takes [GET POST]"}`},
		step{`GET /_sim/nothing`, `404 {"error":"<*>"}`},
	)
}

func TestReset(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`POST /_sim/clock {"advance":"48h"}`, `200 {"now":"<*>"}`},
		step{`POST /_sim/faults {"status":500,"route":"/oauth/token"}`, `200 ...`},
		step{`POST /_sim/reset`, `200 {}`},
	)
	n.login()
	n.play(
		step{`GET /api/v2/users`, `200 []`},
		step{`GET /_sim/emails`, `200 {"emails":[]}`},
		step{`GET /api/v2/clients?is_global=false&fields=client_id`, `200 [{"client_id":"operator","tenant":"localhost"}]`},
	)
	if drift := time.Until(n.Now()).Abs(); drift > time.Minute {
		t.Errorf("the clock is %v off", drift)
	}
}

func TestStopAndResume(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(step{newUser, `201 ...`})
	n.Stop()
	if _, _, err := n.try("GET", "/api/v2/users/auth0%7Cchuck", ""); err == nil {
		t.Error("it answers while it is down")
	}
	if err := n.Resume(); err != nil {
		t.Fatal(err)
	}
	n.play(step{`GET /api/v2/users/auth0%7Cchuck`, `200 ...`})
}

func TestFreshTenant(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/connections?fields=name,strategy,enabled_clients`, `200 [{"name":"Username-Password-Authentication","strategy":"auth0","enabled_clients":["operator"],"is_domain_connection":false}]`},
		step{`GET /api/v2/resource-servers?fields=identifier,is_system`, `200 [{"identifier":"https://$domain/api/v2/","is_system":true}]`},
		step{`GET /api/v2/clients?is_global=true&fields=name,global`, `200 [{"name":"All Applications","global":true,"tenant":"<*>"}]`},
		step{`GET /api/v2/client-grants`, `200 [{"client_id":"operator","audience":"https://$domain/api/v2/","...":0}]`},
		step{`GET /api/v2/roles`, `200 []`},
		step{`GET /api/v2/users`, `200 []`},
	)
}

func TestRateLimitOfTheFreePlan(t *testing.T) {
	n := start(t, simulator.Options{RateLimit: simulator.RateLimitFree})
	n.login()
	n.Advance(time.Minute)
	n.play(step{`GET /api/v2/roles`, `200 []`})
	if h := n.last.Header; h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Remaining") != "1" || h.Get("X-RateLimit-Reset") == "" {
		t.Errorf("headers are %v", h)
	}
	n.play(
		step{`GET /api/v2/roles?per_page=1000`, `400 ...`}, // not counted
		step{`GET dashboard:/api/v2/roles`, `200 ...`},     // nor is this
	)
	refused := 0
	for range 5 {
		if status, _ := n.do("GET", "/api/v2/roles", ""); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 3 {
		t.Errorf("%d of 5 requests in a row were refused", refused)
	}
	n.play(
		step{`GET /api/v2/roles`, `429 {"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}`},
		step{`POST /_sim/clock {"advance":"1s"}`, `200 ...`},
		step{`GET /api/v2/roles`, `200 []`},
	)
}

func TestRateLimitGroups(t *testing.T) {
	n := start(t, simulator.Options{RateLimit: simulator.RateLimitSelfService})
	n.login()
	const write = `PATCH /api/v2/users/auth0%7Cx {"blocked":true}`
	for range 20 {
		n.play(step{write, `404 ...`})
	}
	// On a slow machine, tokens came back meanwhile.
	for range 100 {
		if status, _ := n.do("PATCH", "/api/v2/users/auth0%7Cx", `{"blocked":true}`); status == http.StatusTooManyRequests {
			break
		}
	}
	n.play(
		step{write, `429 {"statusCode":429,"error":"Too Many Requests","message":"Global per minute users_write group limit has been reached","errorCode":"too_many_requests"}`},
		step{`GET /api/v2/users`, `200 []`},
	)
	if limit := n.last.Header.Get("X-RateLimit-Limit"); limit != "40" {
		t.Errorf("reading users is limited to %s", limit)
	}
}

func TestNoLimitNoHeaders(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(step{`GET /api/v2/roles`, `200 []`})
	if h := n.last.Header.Get("X-RateLimit-Limit"); h != "" {
		t.Errorf("limit is %s", h)
	}
}

func TestUnsimulatedIsRefused(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/emails/provider`, `501 {"statusCode":501,"error":"Not Implemented","message":"The simulator does not implement GET /api/v2/emails/provider","errorCode":"not_simulated"}`},
		step{`POST /passwordless/start {}`, `501 ...`},
		step{`PUT /api/v2/roles`, `404 ...`},
		step{`GET /api/v2/unheard-of`, `404 ...`},
	)
}

func TestDashboardFromGo(t *testing.T) {
	n := start(t, simulator.Options{})
	status, body := n.Dashboard("POST", "/api/v2/roles", map[string]string{"name": "admin"})
	var role struct{ ID string }
	if err := json.Unmarshal(body, &role); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := n.Dashboard("GET", "/api/v2/roles/"+role.ID, nil); status != http.StatusOK {
		t.Errorf("reading it gives %d", status)
	}
	if total := n.Requests().Total; total != 0 {
		t.Errorf("%d requests were counted", total)
	}
}
