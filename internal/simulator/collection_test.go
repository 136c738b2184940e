package simulator_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const nothing = `404 {"statusCode":404,"error":"Not Found","message":"There is no such thing.","errorCode":"inexistent_thing"}`

func startTestCollections(t *testing.T, options simulator.Options) *tenant {
	t.Helper()
	n := startWith(t, options, simulator.StartWithTestCollections)
	n.login()
	return n
}

func TestCollectionsAreComplete(t *testing.T) {
	for _, problem := range simulator.Incomplete() {
		t.Error(problem)
	}
}

func TestCollectionOfObjects(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	n.play(
		step{`POST /api/v2/test/boxes {}`, `400 {"errorCode":"invalid_body","message":"</Missing required property: name/>","...":0}`},
		step{`POST /api/v2/test/boxes {"name":"a","height":1}`, `400 {"errorCode":"invalid_body","message":"</Additional properties not allowed: height/>","...":0}`},
		step{`POST /api/v2/test/boxes {"name":"a","labels":{"x":1,"y":2},"tags":["t"],"lock":{"code":"1234","owner":{"phone":"+49","name":"n"}}}`,
			`201 {"box_id":"<a>","name":"a","color":"white","labels":{"x":1,"y":2},"tags":["t"],"lock":{"owner":{"phone":"********","name":"n"}},"created_at":"<made>","updated_at":"<*>"}`},
		step{`POST /api/v2/test/boxes {"name":"a"}`, `409 {"statusCode":409,"error":"Conflict","message":"a is white already.","errorCode":"box_exists"}`},
		step{`POST /api/v2/test/boxes {"name":"a","color":"red"}`, `201 {"box_id":"<b>","...":0}`},
		step{`PATCH /api/v2/test/boxes/$b {"color":"white"}`, `409 {"errorCode":"box_exists","...":0}`},
		step{`PATCH /api/v2/test/boxes/$b {"color":"red","name":"a"}`, `200 ...`},
		step{`POST /_sim/clock {"advance":"1s"}`, `200 ...`},
		step{`PATCH /api/v2/test/boxes/$a {"labels":{"x":null,"z":3},"tags":null,"lock":{}}`,
			`200 {"box_id":"$a","name":"a","color":"white","labels":{"y":2,"z":3},"lock":{},"created_at":"$made","updated_at":"<changed>"}`},
		step{`GET /api/v2/test/boxes/$a?fields=name,color`, `200 {"name":"a","color":"white"}`},
		step{`GET /api/v2/test/boxes/$a?fields=name&include_fields=false`, `200 {"box_id":"$a","color":"white","...":0}`},
		step{`GET /api/v2/test/boxes/box_0`, nothing},
		step{`PATCH /api/v2/test/boxes/box_0 {}`, nothing},
		step{`PUT /api/v2/test/boxes/$a {}`, `404 ...`},
		step{`DELETE /api/v2/test/boxes/$b`, `204`},
		step{`DELETE /api/v2/test/boxes/$b`, nothing},
		step{`POST /api/v2/test/boxes {"name":"c"}`, `201 ...`},
		step{`POST /api/v2/test/boxes {"name":"d","color":"red"}`, `201 ...`},
		step{`GET /api/v2/test/boxes?fields=name`, `200 [{"name":"a"},{"name":"c"}]`},
		step{`GET /api/v2/test/boxes?fields=name&include_totals=true&page=1`, `200 {"start":2,"limit":2,"total":3,"boxes":[{"name":"d"}]}`},
		step{`GET /api/v2/test/boxes?fields=name&take=2`, `200 {"boxes":[{"name":"a"},{"name":"c"}],"next":"<next>"}`},
		step{`GET /api/v2/test/boxes?fields=name&take=2&from=$next`, `200 {"boxes":[{"name":"d"}]}`},
		step{`GET /api/v2/test/boxes?fields=name&name=c`, `200 [{"name":"c"}]`},
		step{`GET /api/v2/test/boxes?fields=name&colors=red&colors=blue`, `200 [{"name":"d"}]`},
	)
	if link := n.last.Header.Get("Link"); !strings.Contains(link, `rel="first"`) {
		t.Errorf("Link is %q", link)
	}
	if n.vars["made"] == n.vars["changed"] {
		t.Error("a change does not change updated_at")
	}
}

func TestCollectionNeedsItsScopes(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	n.login("read:roles")
	n.play(
		step{`GET /api/v2/test/boxes`, `200 []`},
		step{`POST /api/v2/test/boxes {"name":"a"}`, `403 {"errorCode":"insufficient_scope","message":"Insufficient scope, expected any of: create:roles","...":0}`},
		step{`PATCH /api/v2/test/light {}`, `403 {"message":"</update:roles/>","...":0}`},
		step{`PUT /api/v2/test/light {}`, `403 {"message":"</update:roles/>","...":0}`},
		step{`DELETE /api/v2/test/light`, `403 {"message":"</delete:roles/>","...":0}`},
	)
}

func TestCollectionIsLimitedByThePlan(t *testing.T) {
	n := startTestCollections(t, simulator.Options{RateLimit: simulator.RateLimitFree})
	for i := range 3 {
		n.play(step{fmt.Sprintf(`POST dashboard:/api/v2/test/boxes {"name":"%d"}`, i), `201 ...`})
	}
	n.play(step{`POST dashboard:/api/v2/test/boxes {"name":"more"}`, `403 {"errorCode":"too_many_entities","...":0}`})
}

func TestCollectionBelowAnObject(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	n.play(
		step{`POST /api/v2/test/boxes {"name":"a"}`, `201 {"box_id":"<a>","...":0}`},
		step{`POST /api/v2/test/boxes {"name":"b"}`, `201 {"box_id":"<b>","...":0}`},
		step{`GET /api/v2/test/boxes/$a/books`, `200 []`},
		step{`GET /api/v2/test/boxes/box_0/books`, nothing},
		step{`POST /api/v2/test/boxes/box_0/books {"title":"t"}`, nothing},
		step{`DELETE /api/v2/test/boxes/box_0/books/bok_0`, nothing},
		step{`POST /api/v2/test/boxes/$a/books {"title":"t"}`, `201 {"id":"<book>","title":"t"}`},
		step{`GET /api/v2/test/boxes/$b/books/$book`, nothing},
		step{`PATCH /api/v2/test/boxes/$a/books/$book {"title":"u"}`, `200 {"id":"$book","title":"u"}`},
		step{`PUT /api/v2/test/boxes/$a/books/$book/pages/one {"text":"x"}`, `200 {"number":"one","text":"x"}`},
		step{`PUT /api/v2/test/boxes/$a/books/$book/pages/one {"text":"y"}`, `200 {"number":"one","text":"y"}`},
		step{`PUT /api/v2/test/boxes/$a/books/bok_0/pages/one {"text":"y"}`, nothing},
		step{`GET /api/v2/test/boxes/$a/books/$book/pages`, `200 [{"number":"one","text":"y"}]`},
		step{`GET /api/v2/test/boxes/$a/books/$book/pages/two`, nothing},
		step{`DELETE /api/v2/test/boxes/$a/books/bok_0`, `204`},
		step{`DELETE /api/v2/test/boxes/$a`, `204`},
		step{`GET /api/v2/test/boxes/$a/books/$book/pages`, nothing},
		step{`GET /api/v2/test/boxes/$b/books`, `200 []`},
	)
}

func TestCollectionBelowAnOrganization(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	const noOrganization = `404 {"message":"No organization found by that id or name","...":0}`
	n.play(
		step{`GET /api/v2/organizations/org_0/notes`, noOrganization},
		step{`POST /api/v2/organizations {"name":"a"}`, `201 {"id":"<a>","...":0}`},
		step{`POST /api/v2/organizations/$a/notes {"text":"t"}`, `201 {"id":"<note>","text":"t"}`},
		step{`GET /api/v2/organizations/$a/notes`, `200 [{"id":"$note","text":"t"}]`},
		step{`DELETE /api/v2/organizations/$a`, `204`},
		step{`GET /api/v2/organizations/$a/notes/$note`, noOrganization},
	)
}

func TestCollectionOfOne(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	n.play(
		step{`GET /api/v2/test/light`, nothing},
		step{`PATCH /api/v2/test/light {"bulb":{"watts":3}}`, nothing},
		step{`DELETE /api/v2/test/light`, nothing},
		step{`POST /api/v2/test/light {"kind":"led","bulb":{"flow":3}}`, `400 {"errorCode":"invalid_body","message":"</Additional properties not allowed: flow' on property bulb/>","...":0}`},
		step{`POST /api/v2/test/light {"kind":"gas","bulb":{"flow":3}}`, `201 {"kind":"gas","bulb":{"flow":3}}`},
		step{`POST /api/v2/test/light {"kind":"led","bulb":{"watts":3}}`, `409 {"errorCode":"lit","...":0}`},
		step{`PATCH /api/v2/test/light {"bulb":{"flow":4}}`, `400 {"errorCode":"invalid_body","...":0}`},
		step{`PATCH /api/v2/test/light {"bulb":{"flow":3}}`, `200 ...`},
		step{`DELETE /api/v2/test/light`, `204`},
		step{`PUT /api/v2/test/light {"kind":"led","bulb":{"watts":10}}`, `400 {"message":"</bulb.watts/>","...":0}`},
		step{`PUT /api/v2/test/light {"kind":"led","bulb":{"watts":3}}`, `200 ...`},
		step{`GET /api/v2/test/light`, `200 {"kind":"led","bulb":{"watts":3}}`},
		step{`GET /api/v2/test/texts/login/de`, `200 {}`},
		step{`GET /api/v2/test/texts/elsewhere/de`, `400 {"errorCode":"invalid_uri","...":0}`},
		step{`PUT /api/v2/test/texts/login/de {"title":"Anmelden"}`, `200 {"title":"Anmelden"}`},
		step{`GET /api/v2/test/texts/login/de`, `200 {"title":"Anmelden"}`},
		step{`GET /api/v2/test/texts/signup/de`, `200 {}`},
		step{`GET /api/v2/test/light`, `200 ...`},
	)
}

func TestCollectionsAreSavedAndReset(t *testing.T) {
	options := simulator.Options{StateFile: filepath.Join(t.TempDir(), "state.json")}
	n := startTestCollections(t, options)
	n.play(
		step{`POST /api/v2/test/boxes {"name":"a"}`, `201 {"box_id":"<a>","...":0}`},
		step{`POST /api/v2/test/boxes/$a/books {"title":"t"}`, `201 {"id":"<book>","...":0}`},
		step{`PUT /api/v2/test/texts/login/de {"title":"Anmelden"}`, `200 ...`},
	)
	box := n.vars["a"]
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = startTestCollections(t, options)
	n.vars["a"] = box
	n.play(
		step{`GET /api/v2/test/boxes/$a`, `200 {"name":"a","...":0}`},
		step{`GET /api/v2/test/boxes/$a/books`, `200 [{"title":"t","...":0}]`},
		step{`GET /api/v2/test/texts/login/de`, `200 {"title":"Anmelden"}`},
		step{`POST /_sim/reset`, `200 ...`},
	)
	n.login()
	n.play(
		step{`GET /api/v2/test/boxes`, `200 []`},
		step{`GET /api/v2/test/boxes/$a/books`, nothing},
		step{`GET /api/v2/test/texts/login/de`, `200 {}`},
	)
}

func TestCollectionIsInTheTenantsLog(t *testing.T) {
	n := startTestCollections(t, simulator.Options{})
	n.play(
		step{`POST /api/v2/test/boxes {"name":"a"}`, `201 ...`},
		step{`DELETE /api/v2/test/boxes/box_0`, `404 ...`},
		step{`GET /api/v2/logs?fields=type,description`, `200 [{"type":"fapi","description":"Delete a box"},{"type":"sapi","description":"Create a box"},{"type":"seccft","description":""}]`},
	)
}

func TestLogStreams(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`POST /api/v2/log-streams {"type":"splunk","sink":{"splunkDomain":"a"}}`,
			`400 {"errorCode":"invalid_body","message":"Payload validation error: 'Missing required property: splunkPort' on property sink.","...":0}`},
		step{`POST /api/v2/log-streams {"type":"pigeon","sink":{}}`, `400 ...`},
		step{`POST /api/v2/log-streams {"name":"s","type":"splunk","startFrom":"2026-01-01T00:00:00Z","sink":{"splunkDomain":"a","splunkPort":"80","splunkToken":"t","splunkSecure":true}}`,
			`200 {"id":"<id>","name":"s","type":"splunk","status":"active","sink":{"splunkDomain":"a","splunkPort":"80","splunkToken":"t","splunkSecure":true}}`},
		step{`PATCH /api/v2/log-streams/$id {"type":"sumo"}`, `400 {"message":"</Additional properties not allowed: type/>","...":0}`},
		step{`PATCH /api/v2/log-streams/$id {"sink":{"sumoSourceAddress":"https://example.com"}}`, `400 {"message":"</on property sink/>","...":0}`},
		step{`PATCH /api/v2/log-streams/$id {"status":"paused","isPriority":true,"filters":[]}`,
			`200 {"status":"paused","filters":[{"type":"category","name":"security"}],"...":0}`},
		step{`POST /api/v2/log-streams {"type":"eventgrid","sink":{"azureSubscriptionId":"s","azureRegion":"westeurope","azureResourceGroup":"g"}}`,
			`200 {"id":"<grid>","sink":{"azurePartnerTopic":"<*>","...":0},"...":0}`},
		step{`PATCH /api/v2/log-streams/$grid {"sink":{"azureSubscriptionId":"s","azureRegion":"westus","azureResourceGroup":"g"}}`, `400 {"errorCode":"invalid_body","...":0}`},
		step{`POST /api/v2/log-streams {"type":"mixpanel","sink":{"mixpanelRegion":"us","mixpanelProjectId":"1","mixpanelServiceAccountUsername":"u","mixpanelServiceAccountPassword":"hush"}}`,
			`200 {"sink":{"mixpanelServiceAccountPassword":"********","...":0},"...":0}`},
		step{`DELETE /api/v2/log-streams/$id`, `204`},
		step{`DELETE /api/v2/log-streams/$id`, `204`},
	)
	free := start(t, simulator.Options{RateLimit: simulator.RateLimitFree})
	const sumo = `POST dashboard:/api/v2/log-streams {"type":"sumo","sink":{"sumoSourceAddress":"https://example.com"}}`
	free.play(step{sumo, `200 ...`}, step{sumo, `409 {"statusCode":409,"...":0}`})
}

func TestBranding(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/branding`, `200 {}`},
		step{`PATCH /api/v2/branding {"colors":{"primary":"red"}}`, `400 {"message":"</on property colors.primary/>","...":0}`},
		step{`PATCH /api/v2/branding {"colors":{"page_background":3}}`, `400 {"message":"</Expected type string.object but found type integer on property colors.page_background|page_background/>","...":0}`},
		step{`PATCH /api/v2/branding {"colors":{"primary":"#123456"},"logo_url":"https://example.com/l.png"}`, `200 {"colors":{"primary":"#123456"},"logo_url":"https://example.com/l.png"}`},
		step{`PATCH /api/v2/branding {"logo_url":null}`, `200 {"colors":{"primary":"#123456"}}`},
		step{`GET /api/v2/branding`, `200 {"colors":{"primary":"#123456"}}`},
		step{`DELETE /api/v2/branding`, `404 ...`},
	)
}
