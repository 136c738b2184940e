package simulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

func TestChangesThatAreNotBatched(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(step{newUser, `201 ...`})
	values := map[string]string{
		"password": `"Has 2 good passwords"`, "email": `"a@example.com"`, "email_verified": `true`, "username": `"a"`,
		"phone_number": `"+4911"`, "phone_verified": `true`,
	}
	for _, pair := range []string{
		"password email", "password email_verified", "password phone_number", "password phone_verified", "username password",
		"username email", "username email_verified", "username phone_number", "username phone_verified", "phone_number email",
		"phone_number email_verified", "phone_verified email", "phone_verified email_verified",
	} {
		a, b, _ := strings.Cut(pair, " ")
		n.play(step{
			fmt.Sprintf(`PATCH /api/v2/users/auth0%%7Cchuck {%q:%s,%q:%s}`, a, values[a], b, values[b]),
			fmt.Sprintf(`400 {"statusCode":400,"error":"Bad Request","message":"Cannot update %s and %s simultaneously","errorCode":"invalid_body"}`, a, b),
		})
	}
	n.play(
		step{`PATCH /api/v2/users/auth0%7Cchuck {"email":"a@example.com","email_verified":true,"verify_email":false}`, `200 ...`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"connection":"Username-Password-Authentication","password":"Has 2 good passwords","app_metadata":{"x":1}}`, `200 {"last_password_reset":"<*>","...":0}`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"email":null}`, `400 {"errorCode":"invalid_body","...":0}`}, // how would the user log in?
		step{`PATCH /api/v2/users/auth0%7Cchuck {"nickname":null}`, `200 ...`},
	)
}

func TestListsRefuseWhatTheyCannotDo(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/users?search_engine=v2&q=x`, `501 ...`},
		step{`GET /api/v2/users?search_engine=v3`, `200 []`},
		step{`GET /api/v2/users?sort=user_metadata.a:1`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/users?q=` + strings.Repeat("x", 9000), `414 {"statusCode":414,"error":"Request-URI Too Large","message":"Request-URI Too Large"}`},
		step{`GET /api/v2/connections?include_totals=true&fields=strategy`, `200 {"start":0,"limit":100,"total":1,"connections":["<*>"]}`},
		step{`GET /api/v2/clients?include_totals=true&fields=name`, `200 {"limit":50,"...":0}`},
		step{`GET /api/v2/clients?take=1&from=garbage`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/organizations?take=1&from=%25`, `400 {"errorCode":"invalid_query_string","...":0}`},
	)
}

func TestCheckpointOfWhatIsGone(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	for i := range 4 {
		n.play(step{fmt.Sprintf(`POST /api/v2/organizations {"name":"org%d"}`, i), fmt.Sprintf(`201 {"id":"<org%d>","...":0}`, i)})
		n.play(step{`POST /_sim/clock {"advance":"1s"}`, `200 ...`})
	}
	n.play(
		step{`GET /api/v2/organizations?take=2`, `200 {"organizations":["<*>","<*>"],"next":"<next>"}`},
		step{`DELETE /api/v2/organizations/$org1`, `204`},
		step{`GET /api/v2/organizations?take=2&from=$next`, `200 {"organizations":[{"name":"org2","...":0},{"name":"org3","...":0}]}`},
	)
}

func TestNewApplicationsGetAllConnections(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/connections`, `200 [{"id":"<con>","...":0}]`},
		step{`POST /api/v2/clients {"name":"app"}`, `201 {"client_id":"<app>","...":0}`},
		step{`GET /api/v2/connections/$con/clients`, `200 {"clients":[{"client_id":"operator"},{"client_id":"$app"}]}`},
		step{`PATCH /api/v2/tenants/settings {"flags":{"enable_client_connections":false}}`, `200 ...`},
		step{`POST /api/v2/clients {"name":"other"}`, `201 {"client_id":"<other>","...":0}`},
		step{`GET /api/v2/connections/$con/clients`, `200 {"clients":[{"client_id":"operator"},{"client_id":"$app"}]}`},
	)
}
